package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.model.Transformer;
import mechinterp.nn.Parameter;
import mechinterp.optim.AdamConfig;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LanguageModelTrainerTest {
  private static final int LAYERS = 2;
  private static final int D_MODEL = 32;

  @TempDir private Path folder;
  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  @Test
  void learnsARuleThatOneTokenFollowsFromTheOneBefore() throws IOException {
    Transformer model = TinyGpt2.model(LAYERS, D_MODEL, device);
    double untrained = LanguageModelLoss.of(model, text(2)).mean();
    assertEquals(Math.log(TinyGpt2.VOCABULARY), untrained, 0.1);
    List<LanguageModelMetrics> history =
        trainer(model, config(80, 1e-2)).train(LanguageModelListener.none());
    assertEquals(80, history.size());
    // Of the tokens 4 in 5 follow from the one before.
    double rule = 0.2 * Math.log(0.2 * 60) + 0.2;
    double trained = history.getLast().validationLoss().orElseThrow();
    assertTrue(trained < 2.2 && trained > 0.5 * rule, "loss " + trained);
    assertEquals(trained, LanguageModelLoss.of(model, text(2)).mean());
  }

  @Test
  void accumulatedMicroBatchesGiveTheGradientOfTheWholeBatch() throws IOException {
    List<LanguageModelMetrics> whole =
        trainer(TinyGpt2.model(LAYERS, D_MODEL, device), config(3, 1e-3))
            .train(LanguageModelListener.none());
    List<LanguageModelMetrics> parts =
        trainer(TinyGpt2.model(LAYERS, D_MODEL, device), withMicroBatch(config(3, 1e-3), 2))
            .train(LanguageModelListener.none());
    for (int step = 0; step < 3; step++) {
      assertEquals(whole.get(step).loss(), parts.get(step).loss(), 1e-5);
      assertEquals(whole.get(step).gradientNorm(), parts.get(step).gradientNorm(), 1e-4);
    }
  }

  @Test
  void oneThreadAndTwoGiveTheSameBits() throws IOException {
    Transformer two = TinyGpt2.model(LAYERS, D_MODEL, device);
    var _ = trainer(two, config(4, 1e-3)).train(LanguageModelListener.none());
    try (Device single = CpuDevice.best(1)) {
      Transformer one = TinyGpt2.model(LAYERS, D_MODEL, single);
      var _ = trainer(one, config(4, 1e-3)).train(LanguageModelListener.none());
      assertSameBits(two, one);
    }
  }

  @Test
  void aKilledRunThatGoesOnEndsWithTheBitsOfOneThatWasNeverInterrupted() throws IOException {
    LanguageModelTrainConfig config = config(9, 1e-3);
    Transformer whole = TinyGpt2.model(LAYERS, D_MODEL, device);
    List<LanguageModelMetrics> expected =
        trainer(whole, config).train(LanguageModelListener.none());

    Transformer killed = TinyGpt2.model(LAYERS, D_MODEL, device);
    assertThrows(
        IllegalStateException.class, () -> trainer(killed, config).train(killer(5), checkpoints()));
    Transformer resumed = TinyGpt2.model(LAYERS, D_MODEL, device);
    List<LanguageModelMetrics> history =
        trainer(resumed, config).train(LanguageModelListener.none(), checkpoints());
    assertEquals(expected, history);
    assertSameBits(whole, resumed);
    assertEquals(List.of("step-8", "step-9"), names());
  }

  @Test
  void aDamagedCheckpointIsRefusedByItsFile() throws IOException {
    LanguageModelTrainConfig config = config(2, 1e-3);
    var _ = trainer(model(), config).train(LanguageModelListener.none(), checkpoints());
    Path state = folder.resolve("step-2").resolve("state.safetensors");
    byte[] bytes = Files.readAllBytes(state);
    bytes[bytes.length - 5] ^= 1;
    Files.write(state, bytes);
    FormatException refused =
        assertThrows(
            FormatException.class,
            () -> trainer(model(), config).train(LanguageModelListener.none(), checkpoints()));
    assertTrue(refused.toString().contains("state.safetensors"), refused.toString());
  }

  @Test
  void aCheckpointOfOtherSettingsIsRefused() throws IOException {
    var _ = trainer(model(), config(2, 1e-3)).train(LanguageModelListener.none(), checkpoints());
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                trainer(model(), config(2, 2e-3))
                    .train(LanguageModelListener.none(), checkpoints()));
    assertEquals(
        folder.resolve("step-2")
            + ": settings.learning_rate is 0.001 in the checkpoint, 0.002 now; they must be equal to go on",
        refused.getMessage());
  }

  @Test
  void aLossThatIsNotANumberEndsTheRunInOneLine() throws IOException {
    Transformer model = model();
    Parameter parameter = model.parameters().getFirst();
    device.kernels().fill(parameter.value(), Float.NaN);
    model.refresh();
    TrainingException refused =
        assertThrows(
            TrainingException.class,
            () -> trainer(model, config(2, 1e-3)).train(LanguageModelListener.none()));
    assertEquals(
        "training: step 1: the loss is NaN; it must be finite, a lower learning rate may help",
        refused.getMessage());
  }

  @Test
  void thePlanIsThereBeforeTheFirstStep() throws IOException {
    List<String> heard = new ArrayList<>();
    LanguageModelListener listener =
        new LanguageModelListener() {
          @Override
          public void planned(mechinterp.device.MemoryPlan plan) {
            heard.add("plan " + (plan.total() > 0));
          }

          @Override
          public void step(LanguageModelMetrics metrics, int steps) {
            heard.add("step " + metrics.step() + " of " + steps);
          }
        };
    var _ = trainer(model(), config(2, 1e-3)).train(listener);
    assertEquals(List.of("plan true", "step 1 of 2", "step 2 of 2"), heard);
  }

  @Test
  void windowsLongerThanTheContextAreRefused() throws IOException {
    Transformer model = model();
    TokenStream longer = TokenStream.of(List.of(new int[100]), 0, TinyGpt2.CONTEXT + 1);
    assertThrows(
        IllegalArgumentException.class,
        () -> new LanguageModelTrainer(model, config(1, 1e-3), longer, text(1)));
  }

  private Transformer model() throws IOException {
    return TinyGpt2.model(LAYERS, D_MODEL, device);
  }

  private static LanguageModelListener killer(int atStep) {
    return new LanguageModelListener() {
      @Override
      public void step(LanguageModelMetrics metrics, int steps) {
        if (metrics.step() == atStep) {
          throw new IllegalStateException("killed");
        }
      }
    };
  }

  private Checkpoints checkpoints() {
    return new Checkpoints(folder, 2, 2);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  private static LanguageModelTrainer trainer(Transformer model, LanguageModelTrainConfig config) {
    return new LanguageModelTrainer(model, config, text(1), text(2));
  }

  private static LanguageModelTrainConfig config(int steps, double learningRate) {
    return new LanguageModelTrainConfig(
        (long) steps * 6 * TinyGpt2.CONTEXT,
        6,
        6,
        learningRate,
        0.1,
        0.1,
        new AdamConfig(0.9, 0.95, 1e-8),
        0.1,
        1,
        4,
        3);
  }

  private static LanguageModelTrainConfig withMicroBatch(
      LanguageModelTrainConfig config, int windows) {
    return new LanguageModelTrainConfig(
        config.tokens(),
        config.batchWindows(),
        windows,
        config.learningRate(),
        config.warmUpFraction(),
        config.finalFraction(),
        config.adam(),
        config.weightDecay(),
        config.clipNorm(),
        config.validationSteps(),
        config.seed());
  }

  /** Each token is 7 more than the one before, but one in five is any. */
  private static TokenStream text(long seed) {
    RandomStream random = RandomStream.of(seed, "text");
    int[] ids = new int[700];
    for (int i = 1; i < ids.length; i++) {
      boolean any = random.uniform(2L * i) < 0.2;
      ids[i] = any ? random.below(2L * i + 1, 60) : (ids[i - 1] + 7) % 60;
    }
    return TokenStream.of(List.of(ids), 60, TinyGpt2.CONTEXT);
  }

  private static void assertSameBits(Transformer expected, Transformer actual) {
    for (int i = 0; i < expected.parameters().size(); i++) {
      Parameter one = expected.parameters().get(i);
      Parameter other = actual.parameters().get(i);
      assertArrayEquals(
          expected.device().toHost(one.value()), actual.device().toHost(other.value()), one.name());
    }
  }
}
