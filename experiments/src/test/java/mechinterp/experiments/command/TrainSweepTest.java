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
import java.util.Optional;
import mechinterp.activation.Normalization;
import mechinterp.experiments.Execution;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.run.SweepSettings;
import mechinterp.io.Json;
import mechinterp.training.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --sweep}. */
class TrainSweepTest {
  private static final List<String> FILES =
      List.of("cfg.json", "sae_weights.safetensors", "train.json", "metrics.jsonl");

  @TempDir private Path folder;

  private static SweepSettings settings() {
    TrainConfig config = TrainConfig.defaults().toBuilder().batchSize(32).tokens(640).build();
    TrainConfig other = config.toBuilder().seed(5).learningRate(0.01).tokens(320).build();
    return new SweepSettings(
        Normalization.Method.EXPECTED_AVERAGE_ONLY_IN,
        Optional.of(2.0),
        Optional.empty(),
        3,
        List.of(
            new SweepSettings.Member("a", new SaeSettings(SaeSettings.Kind.TOPK, 40, 3), config),
            new SweepSettings.Member(
                "b", new SaeSettings(SaeSettings.Kind.BATCHTOPK, 20, 2), other)));
  }

  private Execution run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("train", "--activations", Samples.activationsFile(folder).toString()));
    command.addAll(List.of(arguments));
    return Execution.of(command.toArray(String[]::new));
  }

  private Path sweepFile(SweepSettings settings) throws IOException {
    Path file = folder.resolve("sweep.json");
    Json.write(file, settings);
    return file;
  }

  @Test
  void eachMemberHasTheFilesThatItHasAlone() throws IOException {
    Path out = folder.resolve("out");
    Execution done =
        run("--sweep", sweepFile(settings()).toString(), "--out", out.toString()).assertDone();
    assertTrue(done.out().contains("2 autoencoders"), done.out());
    assertTrue(
        done.err().startsWith("plan: training of 2 autoencoders (batch 32); memory "), done.err());
    for (String member : List.of("a", "b")) {
      Path alone = folder.resolve("alone-" + member);
      String config = out.resolve(member).resolve("train.json").toString();
      run("--config", config, "--out", alone.toString()).assertDone();
      for (String file : FILES) {
        assertArrayEquals(
            Files.readAllBytes(alone.resolve(file)),
            Files.readAllBytes(out.resolve(member).resolve(file)),
            file);
      }
    }
    assertEquals(settings(), Json.read(out.resolve("sweep.json"), SweepSettings.class));
  }

  @Test
  void aFinishedSweepIsToldOfAgainAndCheckpointsAreGone() throws IOException {
    Path out = folder.resolve("out");
    String file = sweepFile(settings()).toString();
    Execution first =
        run("--sweep", file, "--out", out.toString(), "--resume", "--checkpoint-every", "7")
            .assertDone();
    assertFalse(Files.exists(out.resolve("checkpoints")));
    Execution again = run("--sweep", file, "--out", out.toString(), "--resume").assertDone();
    assertEquals(first.out().lines().skip(1).toList(), again.out().lines().skip(1).toList());
  }

  @Test
  void settingsBesideASweepHaveNoEffectAndAreRefused() throws IOException {
    String out = folder.resolve("out").toString();
    run("--sweep", sweepFile(settings()).toString(), "--out", out, "--lr", "0.1")
        .assertRefused("--lr has no effect with --sweep; leave it out");
  }
}
