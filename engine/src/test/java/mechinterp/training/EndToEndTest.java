package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.activation.Normalization;
import mechinterp.activation.SequenceBatches;
import mechinterp.activation.StreamConfig;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.io.Refusal;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.Prefix;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.objective.EndToEndConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The loss of what a model makes of reconstructions. */
class EndToEndTest {
  private static final HookPoint HOOK = HookPoint.parse("blocks.1.hook_resid_post");
  private static final int BATCH = 40;

  private final Device device = CpuDevice.best(2);
  private Transformer model;

  @BeforeEach
  void load() throws IOException {
    model = Models.load("tiny-lm", device);
  }

  @AfterEach
  void close() {
    device.close();
  }

  private EndToEndBatches batches() throws IOException {
    Corpus corpus =
        Corpus.of(
            "sentences",
            List.of(
                new Document("a", "The President of the Commission has the floor, and thanks all."),
                new Document("b", "We vote at noon on the report, on the amendments and the rest."),
                new Document("c", "Madam, I cannot agree with what was said of fisheries today.")));
    StreamConfig stream =
        new StreamConfig(30, Normalization.Method.EXPECTED_AVERAGE_ONLY_IN, Optional.empty(), 0);
    SequenceBatches sequences =
        Harvester.of(model, HOOK).with(HarvestConfig.ofContext(12)).sequences(corpus, stream);
    return new EndToEndBatches(sequences);
  }

  private FloatMatrix shifted(FloatMatrix x, FloatMatrix direction, float step) {
    FloatMatrix moved = device.floats(x.rows(), x.cols());
    device.kernels().copy(moved, x);
    device.kernels().addScaled(moved, direction, step);
    return moved;
  }

  private FloatMatrix random(int rows, int cols, String name) {
    float[] values = new float[rows * cols];
    RandomStream.of(3, name).fillGaussian(values, 0, 1);
    return device.matrix(rows, cols, values);
  }

  /** The second batch begins within a window and ends within one. */
  @ParameterizedTest
  @EnumSource(EndToEndConfig.Loss.class)
  void theGradientByReconstructionsIsThatOfFiniteDifferences(EndToEndConfig.Loss loss)
      throws IOException {
    try (EndToEndBatches batches = batches()) {
      FloatMatrix x = device.floats(17, batches.dIn());
      FloatMatrix gradient = device.floats(17, batches.dIn());
      FloatMatrix ignored = device.floats(17, batches.dIn());
      for (int i = 0; i < 2; i++) {
        batches.next(x);
        FloatMatrix point = shifted(x, random(17, batches.dIn(), "point"), 0.3f);
        FloatMatrix direction = random(17, batches.dIn(), "direction");
        double value = batches.backward(gradient, point, loss);
        double step = 2e-3;
        double above = batches.backward(ignored, shifted(point, direction, (float) step), loss);
        double below = batches.backward(ignored, shifted(point, direction, (float) -step), loss);
        float[] g = device.toHost(gradient);
        float[] v = device.toHost(direction);
        double slope = 0;
        for (int j = 0; j < g.length; j++) {
          slope += (double) g[j] * v[j];
        }
        assertTrue(value > 0.01);
        assertEquals((above - below) / (2 * step), slope, 0.02 * Math.abs(slope) + 1e-4);
      }
    }
  }

  @Test
  void activationsInTheirOwnPlaceChangeNothing() throws IOException {
    try (EndToEndBatches batches = batches()) {
      FloatMatrix x = device.floats(BATCH, batches.dIn());
      FloatMatrix gradient = device.floats(BATCH, batches.dIn());
      batches.next(x);
      assertEquals(0, batches.backward(gradient, x, EndToEndConfig.Loss.KL), 1e-5);
      for (float each : device.toHost(gradient)) {
        assertEquals(0, each, 1e-4);
      }
    }
  }

  /** Also where batches are of other sizes before, as those that b_dec is computed from. */
  @Test
  void aBatchDependsOnItsPositionAlone() throws IOException {
    try (EndToEndBatches batches = batches();
        EndToEndBatches again = batches()) {
      FloatMatrix x = device.floats(9, batches.dIn());
      for (int i = 0; i < 20; i++) {
        batches.next(x);
      }
      float[] expected = device.toHost(x);
      again.next(device.floats(31, batches.dIn()));
      again.seek(19 * 9L);
      FloatMatrix found = device.floats(9, batches.dIn());
      again.next(found);
      assertArrayEquals(expected, device.toHost(found));
    }
  }

  private static TrainConfig config(EndToEndConfig endToEnd, int steps) {
    return TrainConfig.defaults().toBuilder()
        .tokens((long) steps * BATCH)
        .batchSize(BATCH)
        .learningRate(3e-3)
        .bDecInit(DecoderBiasInit.MEAN)
        .bDecSample(60)
        .endToEnd(endToEnd)
        .build();
  }

  @ParameterizedTest
  @CsvSource({"KL, 0", "CE, 0.5"})
  void trainingMakesTheModelPredictBetter(EndToEndConfig.Loss loss, double reconstructionWeight)
      throws IOException {
    SaeConfig sae = new TopKConfig(192, 256, 8);
    EndToEndConfig endToEnd = new EndToEndConfig(loss, 1, reconstructionWeight);
    try (EndToEndBatches batches = batches()) {
      TrainedSae trained =
          new SaeTrainer(device, config(endToEnd, 40)).train(sae, batches, TrainListener.none());
      double first = part(trained.history().getFirst());
      double last = part(trained.history().getLast());
      assertTrue(last < 0.7 * first, first + " to " + last);
    }
  }

  /** Each prefix of the latents is asked; hybrids learn from their fast codes. */
  @ParameterizedTest
  @MethodSource("nestedKinds")
  void soDoesThatOfKindsWithSeveralPrefixes(SaeConfig sae) throws IOException {
    EndToEndConfig endToEnd = EndToEndConfig.of(EndToEndConfig.Loss.KL);
    try (EndToEndBatches batches = batches()) {
      TrainedSae trained =
          new SaeTrainer(device, config(endToEnd, 25)).train(sae, batches, TrainListener.none());
      double first = part(trained.history().getFirst());
      double last = part(trained.history().getLast());
      assertTrue(last < 0.8 * first, first + " to " + last);
    }
  }

  private static List<SaeConfig> nestedKinds() {
    List<Prefix> prefixes = List.of(new Prefix(64, 0.5), new Prefix(256, 0.5));
    return List.of(
        new MatryoshkaConfig(192, 256, 8, prefixes),
        HybridSaeConfig.of(192, 256, 8).withPrefixes(prefixes));
  }

  private static double part(StepMetrics step) {
    return Objects.requireNonNull(step.losses().get("end_to_end"));
  }

  @ParameterizedTest
  @EnumSource(EndToEndConfig.Loss.class)
  void thePlanHasTheRunsOfTheModelAndLargerBatchesTakeMore(EndToEndConfig.Loss loss)
      throws IOException {
    TrainConfig config = config(EndToEndConfig.of(loss), 2);
    List<MemoryPlan> plans = new ArrayList<>();
    TrainListener listener =
        new TrainListener() {
          @Override
          public void planned(MemoryPlan plan) {
            plans.add(plan);
          }
        };
    SaeTrainer trainer = new SaeTrainer(device, config);
    SaeConfig sae = new TopKConfig(192, 256, 8);
    try (EndToEndBatches batches = batches()) {
      MemoryPlan model = batches.memoryPlan(BATCH, loss);
      var _ = trainer.train(sae, batches, listener);
      assertEquals(trainer.plan(sae).total() + model.total(), plans.getFirst().total());
      int tokens = BATCH + 12;
      long least = this.model.gradientMemoryPlan(tokens).total();
      assertTrue(
          Objects.requireNonNull(model.bytes().get("forward and backward pass")) >= least,
          model.toString());
      assertTrue(model.total() < batches.memoryPlan(3 * BATCH, loss).total());
    }
  }

  @Test
  void theSameTrainingHasTheSameBits() throws IOException {
    SaeConfig sae = new BatchTopKConfig(192, 256, 8);
    TrainConfig config = config(EndToEndConfig.of(EndToEndConfig.Loss.KL), 4);
    try (EndToEndBatches batches = batches();
        EndToEndBatches others = batches()) {
      TrainedSae once = new SaeTrainer(device, config).train(sae, batches, TrainListener.none());
      TrainedSae twice = new SaeTrainer(device, config).train(sae, others, TrainListener.none());
      for (int i = 0; i < once.sae().parameters().size(); i++) {
        SaeParameter expected = once.sae().parameters().get(i);
        SaeParameter found = twice.sae().parameters().get(i);
        assertArrayEquals(device.toHost(expected.value()), device.toHost(found.value()));
      }
    }
  }

  @Test
  void whatCannotBeTrainedSoIsRefused() {
    TrainConfig config = config(EndToEndConfig.of(EndToEndConfig.Loss.KL), 2);
    KnownFeatures stored = new KnownFeatures(device, 12, 24, 2, 11);
    assertEquals(
        "end_to_end: is there, but the activations are stored or mixed; it needs the sequences of a"
            + " model that runs beside",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                new SaeTrainer(device, config)
                    .train(new TopKConfig(12, 24, 2), stored, TrainListener.none())));
    assertEquals(
        "end_to_end.weight: is 0.0; it must be positive and finite",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new EndToEndConfig(EndToEndConfig.Loss.KL, 0, 0)));
  }
}
