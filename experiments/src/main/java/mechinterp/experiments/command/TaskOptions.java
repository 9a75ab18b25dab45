package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.circuits.CircuitTask;
import mechinterp.circuits.TaskTemplate;
import mechinterp.model.Transformer;
import picocli.CommandLine.Option;

/** Which task, and how much of it. */
final class TaskOptions {
  private static final int EXAMPLES = 32;

  @Option(
      names = "--task",
      required = true,
      paramLabel = "T",
      description =
          "JSON file of examples, or one of induction, agreement, pronouns, ioi, greater-than.")
  private String task;

  @Option(
      names = "--examples",
      paramLabel = "N",
      description =
          "The most examples. Default: " + EXAMPLES + " of a task by name, all of a file.")
  private Optional<Integer> examples = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Draws the examples of a task by name. Default: ${DEFAULT-VALUE}.")
  private long seed;

  /**
   * Returns the task for a model.
   *
   * @throws IllegalArgumentException when the model cannot read it
   */
  CircuitTask load(Transformer model) throws IOException {
    Optional<TaskTemplate> template = TaskTemplate.of(task);
    int count = examples.orElse(template.isPresent() ? EXAMPLES : Integer.MAX_VALUE);
    if (count < 1) {
      throw new IllegalArgumentException(
          "--examples: is %d; it must be at least 1".formatted(count));
    }
    CircuitTask loaded =
        template.isPresent()
            ? template.get().examples(model.tokenizer(), count, seed)
            : read().first(count);
    loaded.requireFits(model);
    return loaded;
  }

  private CircuitTask read() throws IOException {
    Path file = Path.of(task);
    if (!task.contains(".") && !task.contains("/")) {
      throw new IllegalArgumentException(
          "--task: is %s; it must be a JSON file or one of %s"
              .formatted(task, TaskTemplate.labels()));
    }
    return CircuitTask.read(file);
  }
}
