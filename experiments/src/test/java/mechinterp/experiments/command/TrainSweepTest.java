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
import mechinterp.activation.Site;
import mechinterp.experiments.Execution;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.run.SweepSettings;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsWriter;
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

  /** Two hook points in one store; each is scaled by itself. */
  @Test
  void aMemberOfOneOfSeveralHookPointsHasTheWeightsThatItHasFromAStoreOfThat() throws IOException {
    TrainConfig config = TrainConfig.defaults().toBuilder().batchSize(32).tokens(640).build();
    SaeSettings sae = new SaeSettings(SaeSettings.Kind.TOPK, 40, 3);
    SweepSettings both =
        new SweepSettings(
            Normalization.Method.EXPECTED_AVERAGE_ONLY_IN,
            Optional.empty(),
            Optional.empty(),
            3,
            List.of(
                new SweepSettings.Member("one", Optional.of(List.of("hook.b")), sae, config),
                new SweepSettings.Member(
                    "all", new SaeSettings(SaeSettings.Kind.CROSSCODER, 40, 3), config)));
    Path out = folder.resolve("out");
    Path store =
        Samples.store(
            folder,
            "two",
            new Site("hook.a", 3, Normalization.NONE),
            new Site("hook.b", 3, Normalization.NONE));
    String[] sweep = {"train", "--store", store.toString(), "--out", out.toString(), "--sweep"};
    Execution.of(Samples.concat(sweep, sweepFile(both).toString())).assertDone();

    Path single = folder.resolve("single.safetensors");
    float[] values = Samples.activations();
    float[] own = new float[values.length / 2];
    for (int i = 0; i < own.length; i++) {
      own[i] = values[i / 3 * 6 + 3 + i % 3];
    }
    new SafetensorsWriter().floats("activations", own, Samples.TOKENS, 3).write(single);
    Path alone = folder.resolve("alone");
    String settings = out.resolve("one").resolve("train.json").toString();
    String[] train = {"train", "--activations", single.toString(), "--out", alone.toString()};
    Execution.of(Samples.concat(train, "--config", settings)).assertDone();
    for (String file : List.of("sae_weights.safetensors", "metrics.jsonl", "train.json")) {
      assertArrayEquals(
          Files.readAllBytes(alone.resolve(file)),
          Files.readAllBytes(out.resolve("one").resolve(file)),
          file);
    }
    String cfg = Files.readString(out.resolve("one").resolve("cfg.json"));
    assertTrue(cfg.contains("hook.b") && !cfg.contains("hook.a"), cfg);

    SweepSettings other =
        new SweepSettings(
            Normalization.Method.NONE,
            Optional.empty(),
            Optional.empty(),
            3,
            List.of(new SweepSettings.Member("c", Optional.of(List.of("hook.c")), sae, config)));
    String[] again = {"train", "--store", store.toString(), "--out", out + "2", "--sweep"};
    Execution.of(Samples.concat(again, sweepFile(other).toString()))
        .assertRefused("members.hooks: are [hook.c] of c, the activations are of [hook.a, hook.b]");
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
