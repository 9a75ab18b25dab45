package mechinterp.analysis.neuronpedia;

import java.util.List;

/**
 * A latent with its examples and explanations.
 *
 * @param index its number
 * @param density share of the tokens on which it is active
 * @param max its largest activation
 * @param promoted the tokens whose logits it raises most
 * @param suppressed the tokens whose logits it lowers most
 * @param histogram its activations by size
 * @param logitHistogram its effects on all logits by size; may be empty
 * @param neighbours latents with the most similar decoder rows; may be none
 * @param examples where it is active
 * @param explanations what judges said of it
 */
public record NeuronpediaLatent(
    int index,
    double density,
    double max,
    List<TokenValue> promoted,
    List<TokenValue> suppressed,
    Histogram histogram,
    Histogram logitHistogram,
    List<Similar> neighbours,
    List<Example> examples,
    List<Explanation> explanations) {
  /** Keeps the lists. */
  public NeuronpediaLatent {
    promoted = List.copyOf(promoted);
    suppressed = List.copyOf(suppressed);
    neighbours = List.copyOf(neighbours);
    examples = List.copyOf(examples);
    explanations = List.copyOf(explanations);
  }

  /** A token and the effect on its logit. */
  public record TokenValue(String token, double value) {}

  /** A latent and the cosine of the decoder rows. */
  public record Similar(int index, double cosine) {}

  /**
   * Bars.
   *
   * @param values where they stand
   * @param heights how high they are, as many
   */
  public record Histogram(List<Double> values, List<Double> heights) {
    /** Keeps the lists. */
    public Histogram {
      values = List.copyOf(values);
      heights = List.copyOf(heights);
    }
  }

  /**
   * A piece of text in which the latent is active.
   *
   * @param tokens as they are written, with the space before
   * @param values the activation on each
   * @param bin of which activations it is a sample
   * @param qualifying the token for which it was chosen; -1 where the file does not say
   */
  public record Example(List<String> tokens, List<Double> values, Bin bin, int qualifying) {
    /** Keeps the lists. */
    public Example {
      tokens = List.copyOf(tokens);
      values = List.copyOf(values);
    }

    /** Returns the index of the largest value, the first of equal ones. */
    public int peak() {
      int peak = 0;
      for (int i = 1; i < values.size(); i++) {
        peak = values.get(i) > values.get(peak) ? i : peak;
      }
      return peak;
    }
  }

  /**
   * Activations of a size.
   *
   * @param min the least; -1 with the strongest examples
   * @param max the largest
   * @param share how much of the latent's activations these are; -1 with the strongest examples
   */
  public record Bin(double min, double max, double share) {
    /** What {@code min} and {@code share} are with the strongest examples. */
    private static final double STRONGEST = -1;

    /** Returns the bin of the strongest examples. */
    public static Bin strongest(double max) {
      return new Bin(STRONGEST, max, STRONGEST);
    }

    /** Returns whether the examples are the strongest ones. */
    public boolean isStrongest() {
      return min == STRONGEST && share == STRONGEST;
    }
  }

  /**
   * What a judge said.
   *
   * @param text the explanation
   * @param judge the model; empty where the file does not say
   */
  public record Explanation(String text, String judge) {}
}
