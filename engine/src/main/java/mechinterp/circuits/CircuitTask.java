package mechinterp.circuits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.IntSummaryStatistics;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.model.Transformer;

/**
 * What a model is asked to do when a circuit is looked for: examples of clean and corrupted
 * prompts.
 *
 * @param name of the task, or the file that it was read from
 * @param examples at least one
 */
public record CircuitTask(String name, List<CircuitExample> examples) {
  /**
   * Keeps the list.
   *
   * @throws IllegalArgumentException when it is empty
   */
  public CircuitTask {
    examples = List.copyOf(examples);
    if (examples.isEmpty()) {
      throw new IllegalArgumentException(
          "task %s: has no examples; there must be at least one".formatted(name));
    }
  }

  /** What a file holds. */
  private record Fields(List<CircuitExample> examples) {
    Fields {
      examples = List.copyOf(examples);
      if (examples.isEmpty()) {
        throw new IllegalArgumentException("examples is []; there must be at least one");
      }
    }
  }

  /**
   * Reads a file: {@code {"examples": [{"clean": [ids], "corrupt": [ids], "answer": id, "wrong":
   * id}]}}.
   *
   * @throws FormatException when it holds anything else, naming the field and the example
   */
  public static CircuitTask read(Path file) throws IOException {
    return new CircuitTask(file.toString(), Json.read(file, Fields.class).examples());
  }

  /** Writes the examples into a file that {@link #read} reads. */
  public void write(Path file) throws IOException {
    Json.write(file, new Fields(examples));
  }

  /**
   * Checks that a model can read all examples.
   *
   * @throws IllegalArgumentException naming the example with an id out of the vocabulary or with
   *     too many tokens, or when the model makes no logits or does not read from left to right
   */
  public void requireFits(Transformer model) {
    var _ = model.unembed();
    if (!model.config().attention().causal()) {
      throw new IllegalArgumentException(
          "task %s: attention of %s sees later tokens too; the model must be causal"
              .formatted(name, model.config().name()));
    }
    for (int i = 0; i < examples.size(); i++) {
      examples.get(i).requireFits("%s: examples[%d]".formatted(name, i), model.config());
    }
  }

  /**
   * Checks that a position means the same place in all examples.
   *
   * @throws IllegalArgumentException when they differ in length
   */
  void requireOneLength() {
    IntSummaryStatistics tokens =
        examples.stream().mapToInt(CircuitExample::tokens).summaryStatistics();
    if (tokens.getMin() != tokens.getMax()) {
      throw new IllegalArgumentException(
          "task %s: its prompts have %d to %d tokens; effects by position need prompts of one length"
              .formatted(name, tokens.getMin(), tokens.getMax()));
    }
  }

  /** Returns the task with the first {@code count} examples, or all where there are fewer. */
  public CircuitTask first(int count) {
    return new CircuitTask(name, examples.subList(0, Math.min(count, examples.size())));
  }
}
