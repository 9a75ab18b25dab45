package mechinterp.analysis.explanation;

import java.util.BitSet;
import java.util.List;

/**
 * A piece of text with a latent's activations.
 *
 * @param tokens as they are written, with the space before
 * @param activations the latent's on each of them
 */
public record Excerpt(List<String> tokens, List<Float> activations) {
  private static final String FROM = "<<";
  private static final String TO = ">>";

  /**
   * Keeps the lists.
   *
   * @throws IllegalArgumentException when they are not as long
   */
  public Excerpt {
    tokens = List.copyOf(tokens);
    activations = List.copyOf(activations);
    if (tokens.size() != activations.size()) {
      throw new IllegalArgumentException(
          "excerpt: %d tokens, %d activations; they must be as many"
              .formatted(tokens.size(), activations.size()));
    }
  }

  /** Returns the largest activation; 0 when the latent is active nowhere. */
  public float max() {
    return activations.stream().max(Float::compare).map(most -> Math.max(most, 0)).orElse(0f);
  }

  /** Returns which tokens have at least a share of the largest activation; none where that is 0. */
  public BitSet strong(double share) {
    BitSet strong = new BitSet();
    float max = max();
    for (int i = 0; i < activations.size(); i++) {
      strong.set(i, max > 0 && activations.get(i) >= share * max);
    }
    return strong;
  }

  /** Returns the text. */
  public String text() {
    return String.join("", tokens);
  }

  /** Returns the text with {@code <<} and {@code >>} around each run of marked tokens. */
  public String marked(BitSet marks) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < tokens.size(); i++) {
      text.append(marks.get(i) && (i == 0 || !marks.get(i - 1)) ? FROM : "");
      text.append(tokens.get(i));
      text.append(marks.get(i) && !marks.get(i + 1) ? TO : "");
    }
    return text.toString();
  }
}
