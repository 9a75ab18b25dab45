package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.InsufficientMemoryException;
import mechinterp.device.MemoryPlan;
import mechinterp.device.OpaqueDevice;
import mechinterp.io.Refusal;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.Prefix;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.objective.GhostGradientsConfig;
import mechinterp.sae.objective.KScheduleConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SaeTrainerTest {
  private static final int NOT_SAMPLED = TrainConfig.defaults().bDecSample();
  private static final int D_IN = 16;
  private static final int FEATURES = 24;
  private static final int ACTIVE = 2;
  private static final TopKConfig SAE = new TopKConfig(D_IN, 40, 2);

  private final Device device = CpuDevice.scalar();

  private static TrainConfig config(int steps) {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * steps)
        .learningRate(5e-3)
        .bDecSample(500)
        .seed(3)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(640))
        .build();
  }

  private static TrainedSae train(Device device, TrainConfig config, SaeConfig sae) {
    KnownFeatures data = new KnownFeatures(device, sae.dIn(), FEATURES, ACTIVE, 11);
    return new SaeTrainer(device, config).train(sae, data, TrainListener.none());
  }

  @Test
  void findsTheFeaturesThatTheDataAreMadeOf() {
    TrainedSae trained = train(device, config(500), SAE);
    StepMetrics last = trained.history().getLast();
    assertTrue(last.fvu() < 0.08, "fvu " + last.fvu());
    KnownFeatures data = new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11);
    long found = recovered(data.directions(), device.toHost(trained.sae().weights().wDec()));
    assertTrue(found >= FEATURES * 3 / 4, "found " + found);
  }

  @Test
  void aRehearsalTellsTheTimeAndLeavesTheDataWhereTheyWere() {
    KnownFeatures data = new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11);
    data.seek(77);
    SaeTrainer trainer = new SaeTrainer(device, config(100));
    double seconds = trainer.rehearse(SAE, data).orElseThrow();
    assertTrue(seconds > 0 && seconds < 100, "seconds " + seconds);
    assertEquals(77, data.position());
    assertEquals(Optional.empty(), new SaeTrainer(device, config(39)).rehearse(SAE, data));
  }

  @Test
  void batchTopKFindsThemTooAndEncodesWithTheThresholdThatItLearned() {
    KnownFeatures data = new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11);
    BatchTopKConfig config = new BatchTopKConfig(D_IN, 40, ACTIVE);
    TrainedSae trained =
        new SaeTrainer(device, config(500)).train(config, data, TrainListener.none());
    StepMetrics last = trained.history().getLast();
    assertTrue(last.fvu() < 0.08, "fvu " + last.fvu());
    assertEquals(ACTIVE, last.l0(), 1e-9);

    SaeEvaluator evaluator = new SaeEvaluator(trained.sae(), 500);
    FloatMatrix fresh = device.floats(500, D_IN);
    data.next(fresh);
    evaluator.add(fresh);
    assertEquals(ACTIVE, evaluator.metrics().l0(), 0.3);
    assertTrue(evaluator.metrics().fvu() < 0.1, "fvu " + evaluator.metrics().fvu());
  }

  @Test
  void theFirstLatentsOfAMatryoshkaReconstructBetterThanThoseOfBatchTopK() {
    double nested = fvuOfFirst(10, new MatryoshkaConfig(D_IN, 40, ACTIVE, halves()));
    double flat = fvuOfFirst(10, new BatchTopKConfig(D_IN, 40, ACTIVE));
    assertTrue(nested < 0.8 * flat, nested + " against " + flat);
  }

  private static List<Prefix> halves() {
    return List.of(new Prefix(10, 0.5), new Prefix(40, 0.5));
  }

  /** Returns the FVU of reconstructions by the first latents alone, on data not trained on. */
  private double fvuOfFirst(int latents, SaeConfig kind) {
    KnownFeatures data = new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11);
    Sae sae = new SaeTrainer(device, config(400)).train(kind, data, TrainListener.none()).sae();
    FloatMatrix fresh = device.floats(1000, D_IN);
    data.next(fresh);
    SparseCodes codes = sae.newCodes(1000);
    sae.encode(codes, fresh);
    FloatMatrix out = device.floats(1000, D_IN);
    device.kernels().addRow(out, out, sae.weights().bDec(), 1);
    device.kernels().nested().addLatents(out, codes, 0, latents, sae.weights().wDec());
    float[] x = device.toHost(fresh);
    float[] decoded = device.toHost(out);
    double error = 0;
    double square = 0;
    for (int i = 0; i < x.length; i++) {
      error += (x[i] - decoded[i]) * (x[i] - decoded[i]);
      square += x[i] * x[i];
    }
    return error / square;
  }

  private static long recovered(float[][] directions, float[] wDec) {
    long found = 0;
    for (float[] direction : directions) {
      double best = 0;
      for (int row = 0; row < wDec.length; row += D_IN) {
        double cosine = 0;
        for (int j = 0; j < D_IN; j++) {
          cosine += direction[j] * wDec[row + j];
        }
        best = Math.max(best, cosine);
      }
      found += best > 0.9 ? 1 : 0;
    }
    return found;
  }

  /** With b_dec begun at 0 the data's mean points all codes the same way and most latents die. */
  @Test
  void theAuxiliaryLossRevivesDeadLatents() {
    TrainConfig with =
        config(400).toBuilder()
            .bDecInit(DecoderBiasInit.ZERO)
            .bDecSample(NOT_SAMPLED)
            .learningRate(2e-3)
            .auxK(AuxKConfig.defaults().withDeadAfterTokens(1280))
            .build();
    TrainConfig without = with.toBuilder().auxK(with.auxK().withAlpha(0)).build();
    StepMetrics revived = trainMany(with);
    StepMetrics left = trainMany(without);
    assertTrue(left.deadLatents() >= 20, "dead without " + left.deadLatents());
    assertTrue(
        revived.deadLatents() < left.deadLatents() / 2,
        "dead with %d, without %d".formatted(revived.deadLatents(), left.deadLatents()));
    assertTrue(
        revived.fvu() < left.fvu(), "fvu with %s, without %s".formatted(revived.fvu(), left.fvu()));
    assertEquals(0, left.losses().getOrDefault("auxiliary", 0.0));
  }

  private StepMetrics trainMany(TrainConfig config) {
    KnownFeatures data = new KnownFeatures(device, 24, 64, 3, 11);
    TopKConfig sae = new TopKConfig(24, 64, 3);
    return new SaeTrainer(device, config)
        .train(sae, data, TrainListener.none())
        .history()
        .getLast();
  }

  @Test
  void decoderRowsKeepUnitNormOnlyWhenAsked() {
    assertTrue(largestNormError(train(device, config(20), SAE).sae()) < 1e-5);
    TrainConfig free = config(20).toBuilder().decoderNorm(DecoderNorm.FREE).build();
    assertTrue(largestNormError(train(device, free, SAE).sae()) > 1e-3);
  }

  private double largestNormError(Sae sae) {
    float[] wDec = device.toHost(sae.weights().wDec());
    double worst = 0;
    for (int row = 0; row < wDec.length; row += D_IN) {
      double square = 0;
      for (int j = 0; j < D_IN; j++) {
        square += (double) wDec[row + j] * wDec[row + j];
      }
      worst = Math.max(worst, Math.abs(Math.sqrt(square) - 1));
    }
    return worst;
  }

  @Test
  void trainingOnMemoryThatCannotBeReadGivesTheSameBits() {
    TrainConfig config = withAll(config(25));
    TopKConfig wide = new TopKConfig(D_IN, 120, 3);
    TrainedSae open = train(device, config, wide);
    OpaqueDevice opaqueDevice = new OpaqueDevice();
    TrainedSae opaque = train(opaqueDevice, config, wide);
    assertTrue(
        open.history().getLast().losses().getOrDefault("auxiliary", 0.0) > 0,
        "the auxiliary loss must be active");
    assertEquals(open.history(), opaque.history());
    assertSameBits(device, open.sae(), opaqueDevice, opaque.sae());
  }

  @Test
  void theNumberOfThreadsDoesNotChangeABit() {
    TrainConfig config = withAll(config(12));
    TopKConfig wide = new TopKConfig(D_IN, 120, 3);
    try (Device one = CpuDevice.best(1);
        Device three = CpuDevice.best(3)) {
      TrainedSae expected = train(one, config, wide);
      TrainedSae actual = train(three, config, wide);
      assertTrue(
          expected.history().getLast().losses().getOrDefault("auxiliary", 0.0) > 0,
          "the auxiliary loss must be active");
      assertEquals(expected.history(), actual.history());
      assertSameBits(one, expected.sae(), three, actual.sae());
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.training.TrainedKinds#all")
  void theNumberOfThreadsDoesNotChangeABitOfAnyKind(SaeConfig kind) {
    TrainConfig config = config(12).toBuilder().auxK(earlyAux()).maxGradientNorm(0.5).build();
    try (Device one = CpuDevice.best(1);
        Device three = CpuDevice.best(3)) {
      TrainedSae expected = train(one, config, kind);
      TrainedSae actual = train(three, config, kind);
      assertEquals(expected.history(), actual.history());
      assertSameBits(one, expected.sae(), three, actual.sae());
    }
  }

  @ParameterizedTest
  @EnumSource(GhostGradientsConfig.Rescale.class)
  void theNumberOfThreadsDoesNotChangeABitOfGhostGradients(GhostGradientsConfig.Rescale rescale) {
    TrainConfig config =
        config(12).toBuilder()
            .auxK(earlyAux())
            .bDecInit(DecoderBiasInit.ZERO)
            .bDecSample(NOT_SAMPLED)
            .ghostGradients(new GhostGradientsConfig(1, rescale))
            .build();
    try (Device one = CpuDevice.best(1);
        Device three = CpuDevice.best(3)) {
      TrainedSae expected = train(one, config, StandardConfig.of(D_IN, 120, 3));
      TrainedSae actual = train(three, config, StandardConfig.of(D_IN, 120, 3));
      assertTrue(
          expected.history().getLast().losses().getOrDefault("ghost_gradients", 0.0) > 0,
          "some latents must be dead");
      assertEquals(expected.history(), actual.history());
      assertSameBits(one, expected.sae(), three, actual.sae());
    }
  }

  @Test
  void aKindThatIsOnlyLoadedIsNotTrained() {
    assertEquals(
        "architecture: is matching_pursuit, which can be loaded and used, not trained",
        Refusal.of(
            IllegalArgumentException.class,
            () -> train(device, config(2), MatchingPursuitConfig.of(D_IN, 40, 3))));
  }

  private static TrainConfig withAll(TrainConfig config) {
    return config.toBuilder()
        .auxK(earlyAux())
        .maxGradientNorm(0.5)
        .emaDecay(0.8)
        .kSchedule(new KScheduleConfig(9, 0.6))
        .resample(new ResampleConfig(List.of(0.4), 100, 0.7))
        .build();
  }

  private static AuxKConfig earlyAux() {
    return AuxKConfig.defaults().withDeadAfterTokens(128);
  }

  private static void assertSameBits(Device device, Sae expected, Device other, Sae actual) {
    for (int i = 0; i < expected.parameters().size(); i++) {
      assertArrayEquals(
          device.toHost(expected.parameters().get(i).value()),
          other.toHost(actual.parameters().get(i).value()),
          expected.parameters().get(i).name());
    }
  }

  @Test
  void theSameSeedGivesTheSameBitsAndAnotherSeedOthers() {
    TrainedSae first = train(device, config(10), SAE);
    TrainedSae again = train(device, config(10), SAE);
    assertEquals(first.history(), again.history());
    assertSameBits(device, first.sae(), device, again.sae());
    TrainConfig otherSeed = config(10).toBuilder().seed(4).build();
    TrainedSae other = train(device, otherSeed, SAE);
    assertTrue(other.history().getLast().loss() != first.history().getLast().loss());
  }

  @Test
  void aStepAllocatesNothingAndThePlanIsWhatIsAllocated() {
    OpaqueDevice opaque = new OpaqueDevice();
    List<MemoryPlan> plans = new ArrayList<>();
    List<Long> allocated = new ArrayList<>();
    TrainListener listener =
        new TrainListener() {
          private long before;

          @Override
          public void planned(MemoryPlan plan) {
            plans.add(plan);
            before = opaque.allocatedBytes();
          }

          @Override
          public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
            allocated.add(opaque.allocatedBytes() - before);
          }
        };
    TrainConfig config =
        config(5).toBuilder()
            .auxK(earlyAux())
            .bDecInit(DecoderBiasInit.ZERO)
            .bDecSample(NOT_SAMPLED)
            .build();
    KnownFeatures data = new KnownFeatures(opaque, D_IN, FEATURES, ACTIVE, 11);
    new SaeTrainer(opaque, config).train(new TopKConfig(D_IN, 120, 2), data, listener);
    assertEquals(5, allocated.size());
    for (long bytes : allocated) {
      assertEquals(plans.getFirst().total(), bytes);
    }
  }

  @Test
  void theSampleForTheBiasDoesNotUseUpData() {
    KnownFeatures data = new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11);
    new SaeTrainer(device, config(4)).train(SAE, data, TrainListener.none());
    assertEquals(4 * 64, data.position());
  }

  @Test
  void activationsThatAreNotFiniteStopTheRunWithStepAndPlace() {
    KnownFeatures data = new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11);
    ActivationBatches broken =
        new Altered(data) {
          @Override
          void alter(float[] rows, long end) {
            if (end == 192) {
              rows[5 * D_IN + 7] = Float.NaN;
            }
          }
        };
    SaeTrainer trainer = new SaeTrainer(device, config(4));
    TrainingException e =
        assertThrows(
            TrainingException.class, () -> trainer.train(SAE, broken, TrainListener.none()));
    assertEquals(
        "training: step 3: activations: row 5 of the batch has NaN at dimension 7; all must be"
            + " finite",
        e.getMessage());
  }

  @Test
  void equalActivationsAreRefusedWhereTheirVarianceDivides() {
    ActivationBatches constant =
        new Altered(new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11)) {
          @Override
          void alter(float[] rows, long end) {
            java.util.Arrays.fill(rows, 1);
          }
        };
    SaeTrainer trainer = new SaeTrainer(device, config(4));
    TrainingException e =
        assertThrows(
            TrainingException.class, () -> trainer.train(SAE, constant, TrainListener.none()));
    assertEquals(
        "training: step 1: the 64 activations of the batch are all equal; loss_normalizer"
            + " batch_variance needs different ones",
        e.getMessage());
  }

  /** Batches with changed numbers. */
  private abstract class Altered implements ActivationBatches {
    private final ActivationBatches batches;

    Altered(ActivationBatches batches) {
      this.batches = batches;
    }

    abstract void alter(float[] rows, long end);

    @Override
    public int dIn() {
      return batches.dIn();
    }

    @Override
    public String identity() {
      return "altered " + batches.identity();
    }

    @Override
    public void next(FloatMatrix batch) {
      batches.next(batch);
      float[] rows = device.toHost(batch);
      alter(rows, position());
      device.upload(batch, rows, 0);
    }

    @Override
    public long position() {
      return batches.position();
    }

    @Override
    public void seek(long position) {
      batches.seek(position);
    }
  }

  @Test
  void aRunThatDoesNotFitIsRefusedBeforeItReadsData() {
    TrainConfig config = config(4).toBuilder().batchSize(10_000_000).build();
    TopKConfig huge = new TopKConfig(D_IN, 100_000_000, 40);
    KnownFeatures data = new KnownFeatures(device, D_IN, FEATURES, ACTIVE, 11);
    SaeTrainer trainer = new SaeTrainer(device, config);
    InsufficientMemoryException e =
        assertThrows(
            InsufficientMemoryException.class,
            () -> trainer.train(huge, data, TrainListener.none()));
    assertTrue(
        String.valueOf(e.getMessage())
            .startsWith("training (d_sae 100000000, batch 10000000): needs "));
    assertEquals(0, data.position());
  }

  @Test
  void dataOfAnotherWidthIsRefused() {
    SaeTrainer trainer = new SaeTrainer(device, config(4));
    KnownFeatures data = new KnownFeatures(device, D_IN + 1, FEATURES, ACTIVE, 11);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> trainer.train(SAE, data, TrainListener.none()));
    assertEquals("d_in: is 16, the activations are 17 wide; they must be equal", e.getMessage());
  }
}
