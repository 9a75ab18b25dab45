package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.experiments.Execution;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.io.Json;
import mechinterp.optim.LearningRateDecay;
import mechinterp.training.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The settings that options of {@code train} stand for, as {@code train.json} tells them. */
class TrainOptionsTest {
  @TempDir private Path folder;
  private int runs;

  private TrainConfig settings(String... options) throws IOException {
    Path out = folder.resolve("out" + runs++);
    List<String> command = new ArrayList<>();
    command.addAll(List.of("train", "--activations", Samples.activationsFile(folder).toString()));
    command.addAll(List.of("--kind", "topk", "--d-sae", "32", "--k", "3", "--batch", "32"));
    command.addAll(List.of("--tokens", "64", "--out", out.toString()));
    command.addAll(List.of(options));
    Execution.of(command.toArray(String[]::new)).assertDone();
    return Json.read(out.resolve("train.json"), TrainSettings.class).train();
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
  void clippingAndAveragingAreOffUnlessAskedFor() throws IOException {
    assertEquals(Optional.empty(), settings().maxGradientNorm());
    assertEquals(Optional.empty(), settings().emaDecay());
    TrainConfig both = settings("--max-gradient-norm", "2", "--ema-decay", "0.9");
    assertEquals(Optional.of(2.0), both.maxGradientNorm());
    assertEquals(Optional.of(0.9), both.emaDecay());
  }
}
