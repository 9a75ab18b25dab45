package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.experiments.Execution;
import mechinterp.experiments.Main;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --resume}, after the process was killed. */
class TrainResumeTest {
  private static final List<String> FILES =
      List.of("cfg.json", "sae_weights.safetensors", "train.json", "metrics.jsonl", "curves.html");

  /** Other moments each time; a failure tells them. */
  private static final Random RANDOM = new Random();

  @TempDir private Path folder;
  private Path data;

  @BeforeEach
  void write() throws IOException {
    data = Samples.activationsFile(folder);
  }

  /** With all that keeps a state from step to step. */
  private List<String> command(Path out, int steps, String... more) {
    List<String> command = new ArrayList<>(List.of("train", "--activations", data.toString()));
    command.addAll(List.of("--kind", "topk", "--d-sae", "300", "--k", "3", "--batch", "64"));
    command.addAll(List.of("--tokens", Integer.toString(64 * steps), "--out", out.toString()));
    command.addAll(List.of("--ema-decay", "0.9", "--max-gradient-norm", "0.5", "--first-k", "9"));
    command.addAll(List.of("--resample", "--dead-after", "1000", "--schedule", "cosine"));
    command.addAll(List.of(more));
    return command;
  }

  /** Activations straight from a model, of a text of which a run reads each buffer a few times. */
  private List<String> streamed(Path out, String... more) throws IOException {
    Path text = folder.resolve("text.txt");
    Files.write(
        text,
        IntStream.range(0, 40)
            .mapToObj(i -> "The %d cats sat on the mat & <looked> at %d dogs.".formatted(i, i * i))
            .toList());
    List<String> command = new ArrayList<>(List.of("train", "--model", "tiny-lm"));
    command.addAll(List.of("--hook", "blocks.1.hook_resid_post", "--text", text.toString()));
    command.addAll(List.of("--kind", "topk", "--d-sae", "300", "--k", "3", "--batch", "32"));
    command.addAll(List.of("--buffer", "150", "--out", out.toString()));
    command.addAll(List.of(more));
    return command;
  }

  private static Execution run(List<String> command) {
    return Execution.of(command.toArray(String[]::new));
  }

  /** Starts the command in a JVM of its own, and kills it when it has made some checkpoints. */
  private static void kill(List<String> command, Path out, int afterMillis)
      throws IOException, InterruptedException {
    List<String> java = new ArrayList<>();
    java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    java.addAll(List.of("--add-modules", "jdk.incubator.vector", "-cp"));
    java.addAll(List.of(System.getProperty("java.class.path"), Main.class.getName()));
    java.addAll(command);
    Process process =
        new ProcessBuilder(java)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    while (process.isAlive() && !Files.exists(out.resolve("checkpoints"))) {
      Thread.sleep(2);
    }
    Thread.sleep(afterMillis);
    process.destroyForcibly().waitFor();
  }

  private List<String> everyFew(Path out, int steps) {
    return command(out, 1500, "--resume", "--checkpoint-every", Integer.toString(steps));
  }

  private static void assertSameFiles(Path expected, Path found, List<String> kills)
      throws IOException {
    for (String file : FILES) {
      assertArrayEquals(
          Files.readAllBytes(expected.resolve(file)),
          Files.readAllBytes(found.resolve(file)),
          file + ", killed with checkpoints " + kills);
    }
    try (Stream<Path> files = Files.list(found)) {
      assertEquals(FILES.size() + 1L, files.count(), "no checkpoint is left");
    }
  }

  @Test
  void aRunKilledAtAnyMomentEndsWithTheFilesOfOneThatWasNot() throws Exception {
    Path whole = folder.resolve("whole");
    run(command(whole, 1500)).assertDone();
    Path killed = folder.resolve("killed");
    List<String> kills = new ArrayList<>();
    for (int times = 0; times < 4; times++) {
      int every = 1 + RANDOM.nextInt(8);
      int afterMillis = RANDOM.nextInt(120);
      kills.add("every %d, after %d ms".formatted(every, afterMillis));
      kill(everyFew(killed, every), killed, afterMillis);
    }
    assertFalse(Files.exists(killed.resolve("cfg.json")), "it must not have been finished before");

    run(everyFew(killed, 7)).assertDone();
    assertSameFiles(whole, killed, kills);
  }

  @Test
  void soDoesOneThatStreamsItsActivations() throws Exception {
    Path whole = folder.resolve("whole");
    List<String> settings = List.of("--tokens", "6400", "--max-activation-norm", "1.2");
    run(with(settings, streamed(whole))).assertDone();
    Path killed = folder.resolve("killed");
    List<String> command = with(settings, streamed(killed, "--resume", "--checkpoint-every", "7"));
    int afterMillis = RANDOM.nextInt(200);
    kill(command, killed, afterMillis);
    assertFalse(Files.exists(killed.resolve("cfg.json")), "it must not have been finished before");

    run(command).assertDone();
    assertSameFiles(whole, killed, List.of("after %d ms".formatted(afterMillis)));
    String written = Files.readString(killed.resolve("train.json"));
    assertTrue(written.contains("\"buffer_tokens\": 150"), written);
  }

  @Test
  void soDoesOneOfWholeSequencesThatAModelGoesOnWith() throws Exception {
    Path whole = folder.resolve("whole");
    List<String> settings = List.of("--tokens", "1600", "--end-to-end", "kl");
    Execution first = run(with(settings, streamed(whole))).assertDone();
    assertTrue(
        Files.readString(whole.resolve("metrics.jsonl")).contains("\"end_to_end\":"), first.out());
    Path killed = folder.resolve("killed");
    List<String> command = with(settings, streamed(killed, "--resume", "--checkpoint-every", "3"));
    int afterMillis = RANDOM.nextInt(200);
    kill(command, killed, afterMillis);
    assertFalse(Files.exists(killed.resolve("cfg.json")), "it must not have been finished before");

    run(command).assertDone();
    assertSameFiles(whole, killed, List.of("after %d ms".formatted(afterMillis)));
    run(command(folder.resolve("stored"), 4, "--end-to-end", "kl"))
        .assertRefused("end_to_end: is there, but the activations are stored");
    run(with(
            List.of("--tokens", "640", "--end-to-end", "ce", "--max-activation-norm", "1.2"),
            streamed(folder.resolve("limited"))))
        .assertRefused("max_activation_norm: is there; of whole sequences");
  }

  private static List<String> with(List<String> settings, List<String> command) {
    List<String> both = new ArrayList<>(command);
    both.addAll(settings);
    return both;
  }

  @Test
  void aFinishedRunIsToldOfAgainAndNotTrainedWithOtherSettings() {
    Path out = folder.resolve("out");
    Execution first = run(command(out, 4, "--checkpoint-every", "2")).assertDone();
    Execution again = run(command(out, 4, "--resume")).assertDone();

    String last = first.out().substring(first.out().indexOf("last batch"));
    assertTrue(again.out().endsWith(last), again.out());
    run(command(out, 5, "--resume"))
        .assertRefused(
            out.resolve("train.json") + ": train.tokens is 256 in this finished run, 320 now");
    run(command(out, 4)).assertRefused(out + ": holds files; name a new or empty folder");
  }

  @Test
  void resumeBeginsWhereNothingIsAndRefusesAFolderOfSomethingElse() throws IOException {
    run(command(folder.resolve("new"), 4, "--resume")).assertDone();

    Path other = Files.createDirectory(folder.resolve("other"));
    Files.writeString(other.resolve("file"), "");
    run(command(other, 4, "--resume")).assertRefused(other + ": holds files");
  }
}
