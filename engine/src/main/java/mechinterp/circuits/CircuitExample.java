package mechinterp.circuits;

import java.util.List;
import mechinterp.model.TransformerConfig;

/**
 * A prompt and its corrupted twin, token by token, and two next tokens between which they decide.
 *
 * @param clean ids of the prompt
 * @param corrupt ids of the twin, as many
 * @param answer the id that should follow the clean prompt
 * @param wrong the id that should not
 */
public record CircuitExample(List<Integer> clean, List<Integer> corrupt, int answer, int wrong) {
  /**
   * Checks that the prompts can be patched into each other.
   *
   * @throws IllegalArgumentException when they differ in length, are empty or equal, or the two
   *     next tokens are the same
   */
  public CircuitExample {
    clean = List.copyOf(clean);
    corrupt = List.copyOf(corrupt);
    if (clean.size() != corrupt.size()) {
      throw new IllegalArgumentException(
          "clean has %d ids, corrupt has %d; they must be as many"
              .formatted(clean.size(), corrupt.size()));
    }
    if (clean.isEmpty()) {
      throw new IllegalArgumentException("clean has no ids; there must be at least one");
    }
    if (clean.equals(corrupt)) {
      throw new IllegalArgumentException("clean and corrupt are the same; they must differ");
    }
    if (answer == wrong) {
      throw new IllegalArgumentException(
          "answer and wrong are both %d; they must differ".formatted(answer));
    }
  }

  /** Returns the number of tokens of either prompt. */
  public int tokens() {
    return clean.size();
  }

  /** Returns the ids of the clean prompt in a new array. */
  public int[] cleanIds() {
    return clean.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Returns the ids of the corrupted prompt in a new array. */
  public int[] corruptIds() {
    return corrupt.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Checks that a model can read it.
   *
   * @param name what messages call it
   * @throws IllegalArgumentException when an id is out of the vocabulary or there are more tokens
   *     than the model takes
   */
  void requireFits(String name, TransformerConfig config) {
    clean.forEach(id -> requireId(name, "clean", id, config));
    corrupt.forEach(id -> requireId(name, "corrupt", id, config));
    requireId(name, "answer", answer, config);
    requireId(name, "wrong", wrong, config);
    if (tokens() > config.nCtx()) {
      throw new IllegalArgumentException(
          "%s: has %d tokens; %s takes at most %d"
              .formatted(name, tokens(), config.name(), config.nCtx()));
    }
  }

  private static void requireId(String name, String field, int id, TransformerConfig config) {
    if (id < 0 || id >= config.dVocab()) {
      throw new IllegalArgumentException(
          "%s: %s has id %d; %s has ids 0 to %d"
              .formatted(name, field, id, config.name(), config.dVocab() - 1));
    }
  }
}
