package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import mechinterp.experiments.Execution;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.io.Json;
import mechinterp.optim.LearningRateDecay;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.objective.GhostGradientsConfig;
import mechinterp.training.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The settings that options of {@code train} stand for, as {@code train.json} tells them. */
class TrainOptionsTest {
  @TempDir private Path folder;
  private int runs;

  private TrainConfig settings(String... options) throws IOException {
    Path out = folder.resolve("out" + runs++);
    run(out, options).assertDone();
    return Json.read(out.resolve("train.json"), TrainSettings.class).train();
  }

  private Execution run(Path out, String... options) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("train", "--activations", Samples.activationsFile(folder).toString()));
    List<String> given = List.of(options);
    command.addAll(List.of("--batch", "32", "--out", out.toString()));
    for (String[] each :
        new String[][] {{"--kind", "topk"}, {"--d-sae", "32"}, {"--k", "3"}, {"--tokens", "64"}}) {
      if (!given.contains(each[0])) {
        command.addAll(List.of(each));
      }
    }
    command.addAll(given);
    return Execution.of(command.toArray(String[]::new));
  }

  @Test
  void schedulesHaveNames() throws IOException {
    assertEquals(0.2, settings("--schedule", "linear").decayFraction());
    assertEquals(0, settings("--schedule", "constant").decayFraction());
    TrainConfig cosine = settings("--schedule", "cosine");
    assertEquals(1, cosine.warmUpFraction() + cosine.decayFraction());
    assertEquals(LearningRateDecay.COSINE, cosine.decay());
  }

  @Test
  void decoderRowsAreFreeOnlyForStandardUnlessAskedFor() throws IOException {
    assertEquals(DecoderNorm.UNIT, settings().decoderNorm());
    assertEquals(DecoderNorm.FREE, settings("--decoder-norm", "free").decoderNorm());
    assertEquals(DecoderNorm.FREE, settings("--kind", "standard").decoderNorm());
    assertEquals(DecoderNorm.UNIT, settings("--kind", "panneal").decoderNorm());
  }

  @Test
  void aSwitchHasAsManyExpertsAsAskedFor() throws IOException {
    assertEquals(SwitchConfig.of(9, 32, 3, 8), kind("--kind", "switch"));
    assertEquals(SwitchConfig.of(9, 32, 3, 4), kind("--kind", "switch", "--experts", "4"));
    run(folder.resolve("uneven"), "--kind", "switch", "--experts", "5")
        .assertRefused("sae.options: experts: is 5, d_sae is 32; experts must divide d_sae");
    run(folder.resolve("without"), "--experts", "4")
        .assertRefused("sae.options: field experts: is unknown");
  }

  private SaeConfig kind(String... options) throws IOException {
    Path out = folder.resolve("out" + runs++);
    run(out, options).assertDone();
    return Json.read(out.resolve("train.json"), TrainSettings.class).sae().config(9);
  }

  @Test
  void ghostGradientsAreOfKindsWithReluAlone() throws IOException {
    assertEquals(Optional.empty(), settings("--kind", "standard").ghostGradients());
    assertEquals(
        Optional.of(GhostGradientsConfig.defaults()),
        settings("--kind", "panneal", "--ghost-gradients").ghostGradients());
    run(folder.resolve("topk"), "--ghost-gradients")
        .assertRefused("ghost_gradients: is there, but the kind is topk");
  }

  @Test
  void clippingAndAveragingAreOffUnlessAskedFor() throws IOException {
    assertEquals(Optional.empty(), settings().maxGradientNorm());
    assertEquals(Optional.empty(), settings().emaDecay());
    TrainConfig both = settings("--max-gradient-norm", "2", "--ema-decay", "0.9");
    assertEquals(Optional.of(2.0), both.maxGradientNorm());
    assertEquals(Optional.of(0.9), both.emaDecay());
  }

  @Test
  void activationsThatAreTooLongAreLeftOutAndCounted() throws IOException {
    Execution done = run(folder.resolve("filtered"), "--max-activation-norm", "1.1").assertDone();
    assertTrue(done.err().contains("left out "), done.err());
    assertFalse(done.err().contains("left out 0 "), done.err());
    run(folder.resolve("never"), "--max-activation-norm", "0.9")
        .assertRefused("max_activation_norm: is 0.9; it must be at least 1");
  }

  @Test
  void aBufferIsForStreamedActivationsOnly() throws IOException {
    run(folder.resolve("buffered"), "--buffer", "100")
        .assertRefused("buffer_tokens: is 100, but the activations are stored");
  }

  /** Those of the data; those of {@code TrainConfig} are flipped in the engine's tests. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--normalize none",
        "--max-activation-norm 1.1",
        "--data-seed 5",
        "--seed 5",
        "--k 2",
        "--first-k 9",
        "--d-sae 31",
        "--kind batchtopk",
        "--resample --dead-after 1 --tokens 320"
      })
  void eachSettingHasAnEffect(String options) throws IOException {
    Path plain = folder.resolve("plain");
    run(plain).assertDone();
    Path changed = folder.resolve("changed");
    run(changed, options.split(" ", -1)).assertDone();
    byte[] weights = Files.readAllBytes(plain.resolve("sae_weights.safetensors"));
    assertFalse(
        Arrays.equals(weights, Files.readAllBytes(changed.resolve("sae_weights.safetensors"))));
  }

  @Test
  void aPageOfCurvesIsWrittenMeanwhileAlsoWithoutCheckpoints() throws IOException {
    Path page = folder.resolve("live").resolve("curves.html");
    Path out = folder.resolve("curved");
    run(out, "--curves", page.toString(), "--curves-every", "1", "--tokens", "96").assertDone();
    String last = Files.readString(page);
    assertTrue(last.contains("step 3 of 3"), "the page ends with the last step");
    assertFalse(last.contains("http-equiv=\"refresh\""));
    assertEquals(last, Files.readString(out.resolve("curves.html")));
  }

  @Test
  void kindsOfTwoWordsHaveEitherDash() throws IOException {
    for (String kind : List.of("skip-transcoder", "SKIP_TRANSCODER")) {
      run(folder.resolve(kind), "--kind", kind)
          .assertRefused("architecture: is skip_transcoder, which is not of 1 hook points");
    }
    run(folder.resolve("unknown"), "--kind", "topl").assertRefused("expected one of [TOPK,");
  }

  @Test
  void thePlanComesFirstAndWhatWasMeasuredLast() throws IOException {
    Path out = folder.resolve("planned");
    Execution done = run(out, "--checkpoint-every", "1").assertDone();
    List<String> lines = done.err().lines().toList();
    assertTrue(lines.getFirst().startsWith("plan: 64 tokens in 2 steps; memory "), done.err());
    assertTrue(lines.getFirst().contains(out + ": writes "), done.err());
    assertTrue(lines.getFirst().contains("checkpoints of "), done.err());
    assertTrue(done.err().contains(" planned, the Java heap had at most "), done.err());
    assertTrue(Files.exists(out.resolve("curves.html")));
  }
}
