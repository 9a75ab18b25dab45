package mechinterp.circuits;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import mechinterp.device.CpuDevice;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.model.Models;
import mechinterp.model.TinyModels;
import mechinterp.model.Transformer;
import mechinterp.tokenizer.TinyWordPiece;
import mechinterp.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class CircuitTaskTest {
  @TempDir private Path folder = Path.of("");

  private String refusal(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("task.json"), content);
    return Refusal.of(FormatException.class, () -> CircuitTask.read(file))
        .replace(folder + "/", "");
  }

  private static String example(String clean, String corrupt, int answer, int wrong) {
    return "{\"clean\": %s, \"corrupt\": %s, \"answer\": %d, \"wrong\": %d}"
        .formatted(clean, corrupt, answer, wrong);
  }

  @Test
  void aTaskIsReadAsItWasWritten() throws IOException {
    CircuitTask task =
        new CircuitTask("a", List.of(new CircuitExample(List.of(1, 2), List.of(1, 3), 4, 5)));
    Path file = folder.resolve("a.json");
    task.write(file);

    assertEquals(task.examples(), CircuitTask.read(file).examples());
    assertEquals(file.toString(), CircuitTask.read(file).name());
  }

  @Test
  void brokenExamplesAreNamed() throws IOException {
    String good = example("[1, 2]", "[1, 3]", 4, 5);
    String task = "{\"examples\": [" + good + ", %s]}";

    assertEquals(
        "task.json: field examples[1]: clean has 2 ids, corrupt has 3; they must be as many",
        refusal(task.formatted(example("[1, 2]", "[1, 2, 3]", 4, 5))));
    assertEquals(
        "task.json: field examples[1]: clean has no ids; there must be at least one",
        refusal(task.formatted(example("[]", "[]", 4, 5))));
    assertEquals(
        "task.json: field examples[1]: clean and corrupt are the same; they must differ",
        refusal(task.formatted(example("[1]", "[1]", 4, 5))));
    assertEquals(
        "task.json: field examples[1]: answer and wrong are both 4; they must differ",
        refusal(task.formatted(example("[1]", "[2]", 4, 4))));
    assertEquals(
        "task.json: field examples[1].wrong: is missing",
        refusal(task.formatted("{\"clean\": [1], \"corrupt\": [2], \"answer\": 3}")));
    assertTrue(
        refusal(task.formatted(example("[1.5]", "[2]", 4, 5))).startsWith("task.json: field"));
    assertTrue(
        refusal("{\"examples\": [" + good + "], \"metric\": 1}").contains("metric: is unknown"));
    assertEquals(
        "task.json: field examples is []; there must be at least one",
        refusal("{\"examples\": []}").replace("task.json: examples", "task.json: field examples"));
  }

  @Test
  void aModelThatCannotReadItIsNamed() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, CpuDevice.scalar());
    CircuitExample good = new CircuitExample(List.of(1, 2), List.of(1, 3), 4, 5);
    CircuitTask outside =
        new CircuitTask(
            "t", List.of(good, new CircuitExample(List.of(1, 2), List.of(1, 19), 4, 5)));
    CircuitTask negative =
        new CircuitTask("t", List.of(new CircuitExample(List.of(1), List.of(2), -1, 5)));
    CircuitTask tooLong =
        new CircuitTask(
            "t",
            List.of(
                new CircuitExample(
                    List.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
                    List.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
                    4,
                    5)));

    assertEquals(
        "t: examples[1]: corrupt has id 19; gpt2 has ids 0 to 18",
        Refusal.of(IllegalArgumentException.class, () -> outside.requireFits(model)));
    assertEquals(
        "t: examples[0]: answer has id -1; gpt2 has ids 0 to 18",
        Refusal.of(IllegalArgumentException.class, () -> negative.requireFits(model)));
    assertEquals(
        "t: examples[0]: has 13 tokens; gpt2 takes at most 12",
        Refusal.of(IllegalArgumentException.class, () -> tooLong.requireFits(model)));
    Transformer encoder = TinyModels.frozen(TinyModels.BERT, CpuDevice.scalar());
    assertTrue(
        Refusal.of(IllegalArgumentException.class, () -> outside.requireFits(encoder))
            .contains("bert has no unembedding"));
  }

  @ParameterizedTest
  @EnumSource
  void everyTemplateMakesTwinsForTheShippedModel(TaskTemplate template) throws IOException {
    Tokenizer tokenizer = Models.tokenizer("tiny-lm");
    CircuitTask task = template.examples(tokenizer, 20, 3);

    assertEquals(task, template.examples(tokenizer, 20, 3));
    assertEquals(Optional.of(template), TaskTemplate.of(template.label()));
    assertTrue(task.examples().size() >= 6, task.name() + task.examples().size());
    for (CircuitExample example : task.examples()) {
      assertEquals(tokenizer.bos().orElseThrow(), example.clean().getFirst());
      String text = tokenizer.decode(example.cleanIds());
      assertFalse(text.isBlank());
      String next = tokenizer.decode(example.answer());
      assertFalse(next.isBlank());
    }
  }

  @Test
  void aTokenizerThatLeavesNoPromptIsRefused() {
    assertEquals(
        "task ioi: no prompt's answers are single tokens of this tokenizer; choose another task or"
            + " give a file",
        Refusal.of(
            IllegalArgumentException.class,
            () -> TaskTemplate.IOI.examples(TinyWordPiece.tokenizer(), 4, 0)));
    assertEquals(
        "examples: is 0; it must be at least 1",
        Refusal.of(
            IllegalArgumentException.class,
            () -> TaskTemplate.IOI.examples(TinyWordPiece.tokenizer(), 0, 0)));
  }
}
