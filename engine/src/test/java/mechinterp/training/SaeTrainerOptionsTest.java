package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.optim.AdamConfig;
import mechinterp.optim.LearningRateDecay;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.AuxiliaryDecoder;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedSae;
import mechinterp.sae.GatedTraining;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluPenalty;
import mechinterp.sae.JumpReluTraining;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeInit;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.StraightThrough;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.sae.objective.GhostGradientsConfig;
import mechinterp.sae.objective.KScheduleConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each of the optional settings of training does. */
final class SaeTrainerOptionsTest {
  private static final TopKConfig SAE = new TopKConfig(16, 40, 2);

  private final Device device = CpuDevice.scalar();

  /** A constant rate, so that a run of fewer steps is the begin of a longer one. */
  private static TrainConfig config(int steps) {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * steps)
        .learningRate(5e-3)
        .warmUpFraction(0)
        .decayFraction(0)
        .bDecInit(DecoderBiasInit.ZERO)
        .decoderNorm(DecoderNorm.FREE)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(320))
        .build();
  }

  private TrainedSae train(TrainConfig config) {
    KnownFeatures data = new KnownFeatures(device, SAE.dIn(), 24, 2, 11);
    return new SaeTrainer(device, config).train(SAE, data, TrainListener.none());
  }

  private Sae initial(TrainConfig config) {
    TopKSae sae = TopKSae.allocate(device, SAE);
    SaeInit.initialize(sae, config.seed(), new float[SAE.dIn()]);
    return sae;
  }

  private double distance(Sae a, Sae b) {
    double squares = 0;
    List<SaeParameter> parameters = a.parameters();
    for (int i = 0; i < parameters.size(); i++) {
      float[] from = device.toHost(parameters.get(i).value());
      float[] to = device.toHost(b.parameters().get(i).value());
      for (int j = 0; j < from.length; j++) {
        squares += Math.pow(from[j] - to[j], 2);
      }
    }
    return Math.sqrt(squares);
  }

  /** With betas 0 and an epsilon far above the gradient, Adam's step is rate gradient / epsilon. */
  @Test
  void aClippedGradientIsAsLongAsItMayBe() {
    AdamConfig nearlyPlain = new AdamConfig(0, 0, 0.99);
    TrainConfig config = config(1).toBuilder().learningRate(0.99).adam(nearlyPlain).build();
    TrainConfig clipped = config.toBuilder().maxGradientNorm(1e-3).build();
    TrainConfig loose = config.toBuilder().maxGradientNorm(1e3).build();

    double free = distance(initial(config), train(config).sae());
    assertTrue(free > 0.01, "without clipping it is longer: " + free);
    assertEquals(1e-3, distance(initial(config), train(clipped).sae()), 1e-5);
    assertEquals(0, distance(train(config).sae(), train(loose).sae()));
  }

  @Test
  void savedWeightsAreTheMovingAverageOfThoseAfterEachStep() {
    TrainConfig averaged = config(4).toBuilder().emaDecay(0.5).build();
    float[] expected = new float[SAE.dSae() * SAE.dIn()];
    for (int step = 1; step <= 4; step++) {
      float[] wEnc = device.toHost(train(config(step)).sae().weights().wEnc());
      for (int i = 0; i < wEnc.length; i++) {
        expected[i] += wEnc[i] * (float) (Math.pow(0.5, 4 - step) / 1.875);
      }
    }
    float[] found = device.toHost(train(averaged).sae().weights().wEnc());
    for (int i = 0; i < found.length; i++) {
      assertEquals(expected[i], found[i], 1e-6);
    }
    assertEquals(train(config(4)).history(), train(averaged).history(), "training is the same");
  }

  @Test
  void averagedDecoderRowsHaveUnitNormWhereThatIsKept() {
    TrainConfig averaged =
        config(9).toBuilder().emaDecay(0.9).decoderNorm(DecoderNorm.UNIT).build();
    float[] wDec = device.toHost(train(averaged).sae().weights().wDec());
    for (int row = 0; row < wDec.length; row += SAE.dIn()) {
      double square = 0;
      for (int j = 0; j < SAE.dIn(); j++) {
        square += wDec[row + j] * wDec[row + j];
      }
      assertEquals(1, square, 1e-5);
    }
  }

  @Test
  void theShapeOfTheFallIsThatOfTheSetting() {
    TrainConfig linear = config(10).toBuilder().decayFraction(0.8).build();
    TrainConfig cosine = linear.toBuilder().decay(LearningRateDecay.COSINE).build();
    List<StepMetrics> history = train(cosine).history();
    assertEquals(5e-3 * (1 - Math.cos(Math.PI / 8)) / 2, history.getLast().learningRate(), 1e-12);
    assertNotEquals(train(linear).history(), history);
  }

  /** Most of many latents die soon, as b_dec begins at 0 and the mean of the data is long. */
  private static TrainConfig deadly(int steps) {
    return config(steps).toBuilder()
        .decoderNorm(DecoderNorm.UNIT)
        .auxK(AuxKConfig.defaults().withAlpha(0).withDeadAfterTokens(320))
        .build();
  }

  private StepMetrics last(TrainConfig config) {
    return last(new TopKConfig(24, 64, 3), config);
  }

  private StepMetrics last(SaeConfig sae, TrainConfig config) {
    KnownFeatures data = new KnownFeatures(device, 24, 64, 3, 11);
    return new SaeTrainer(device, config)
        .train(sae, data, TrainListener.none())
        .history()
        .getLast();
  }

  @Test
  void latentsThatAreMadeAnewLive() {
    TrainConfig without = deadly(300);
    TrainConfig with =
        without.toBuilder().resample(new ResampleConfig(List.of(0.5, 0.6, 0.7), 1000, 1)).build();
    StepMetrics left = last(without);
    StepMetrics revived = last(with);
    assertTrue(left.deadLatents() >= 20, "dead without " + left.deadLatents());
    assertTrue(
        revived.deadLatents() < left.deadLatents() - 5,
        "dead with %d, without %d".formatted(revived.deadLatents(), left.deadLatents()));
    assertTrue(revived.fvu() < left.fvu(), revived.fvu() + " against " + left.fvu());
  }

  /** After the last step, so that what was made anew has not been moved. */
  @Test
  void deadLatentsBecomeActivationsThatAreReconstructedBadlyAndOthersStay() {
    TrainConfig without = deadly(12);
    TrainConfig with =
        without.toBuilder().resample(new ResampleConfig(List.of(0.99), 150, 0.7)).build();
    TrainedSae before = train(without);
    TrainedSae after = train(with);
    int dead = before.history().getLast().deadLatents();
    float[] oldDecoder = device.toHost(before.sae().weights().wDec());
    float[] newDecoder = device.toHost(after.sae().weights().wDec());
    float[] oldEncoder = device.toHost(before.sae().weights().wEnc());
    float[] newEncoder = device.toHost(after.sae().weights().wEnc());
    float[] newBias = device.toHost(after.sae().weights().bEnc());
    float[][] directions = directionsOfNextTokens(before, without.tokens(), 150);
    List<Integer> changed = new ArrayList<>();
    double liveNorms = 0;
    for (int f = 0; f < SAE.dSae(); f++) {
      if (Arrays.equals(row(oldDecoder, f), row(newDecoder, f))) {
        assertArrayEquals(row(oldEncoder, f), row(newEncoder, f));
        liveNorms += norm(row(oldEncoder, f));
      } else {
        changed.add(f);
      }
    }
    assertEquals(dead, changed.size());
    assertTrue(dead > 3 && dead < SAE.dSae(), "dead " + dead);
    double norm = 0.7 * liveNorms / (SAE.dSae() - dead);
    for (int f : changed) {
      float[] decoder = row(newDecoder, f);
      assertTrue(Arrays.stream(directions).anyMatch(each -> distance(each, decoder) < 1e-5));
      assertEquals(0, newBias[f]);
      float[] encoder = row(newEncoder, f);
      assertEquals(norm, norm(encoder), 1e-5);
      assertEquals(norm, dot(encoder, decoder), 1e-5);
    }
  }

  @Test
  void aGatedLatentThatIsMadeAnewHasNoScaleAndBiasOfItsOwn() {
    TrainConfig without = deadly(60);
    GatedSae before = gated(without);
    GatedSae after =
        gated(without.toBuilder().resample(new ResampleConfig(List.of(0.999), 150, 0.7)).build());
    float[] oldDecoder = device.toHost(before.weights().wDec());
    float[] newDecoder = device.toHost(after.weights().wDec());
    float[] oldScales = device.toHost(before.rMag());
    float[] oldBiases = device.toHost(before.bMag());
    float[] newScales = device.toHost(after.rMag());
    float[] newBiases = device.toHost(after.bMag());
    int moved = 0;
    for (int f = 0; f < SAE.dSae(); f++) {
      boolean anew = !Arrays.equals(row(oldDecoder, f), row(newDecoder, f));
      moved += anew && oldScales[f] != 0 && oldBiases[f] != 0 ? 1 : 0;
      assertEquals(anew ? 0 : oldScales[f], newScales[f]);
      assertEquals(anew ? 0 : oldBiases[f], newBiases[f]);
    }
    assertTrue(moved > 3, "latents that had them " + moved);
  }

  @Test
  void aLatentOfJumpReluThatIsMadeAnewHasTheThresholdThatItBeganWith() {
    TrainConfig without = deadly(60);
    ThresholdSae before = jumpRelu(without);
    ThresholdSae after =
        jumpRelu(
            without.toBuilder().resample(new ResampleConfig(List.of(0.999), 150, 0.7)).build());
    float[] oldDecoder = device.toHost(before.weights().wDec());
    float[] newDecoder = device.toHost(after.weights().wDec());
    float[] oldThresholds = device.toHost(before.thresholds());
    float[] newThresholds = device.toHost(after.thresholds());
    int moved = 0;
    for (int f = 0; f < SAE.dSae(); f++) {
      boolean anew = !Arrays.equals(row(oldDecoder, f), row(newDecoder, f));
      moved += anew && oldThresholds[f] != 0.01f ? 1 : 0;
      assertEquals(anew ? 0.01f : oldThresholds[f], newThresholds[f]);
    }
    assertTrue(moved > 3, "latents that had another " + moved);
  }

  private ThresholdSae jumpRelu(TrainConfig config) {
    SparsityConfig strong = new SparsityConfig(10, Optional.empty(), 0);
    JumpReluTraining training =
        new JumpReluTraining(
            strong, JumpReluPenalty.STEP, 4, 2, 0.01, StraightThrough.THRESHOLD_AND_INPUT);
    JumpReluConfig sae = new JumpReluConfig(SAE.dIn(), SAE.dSae(), Optional.of(training));
    KnownFeatures data = new KnownFeatures(device, SAE.dIn(), 24, 2, 11);
    return (ThresholdSae)
        new SaeTrainer(device, config).train(sae, data, TrainListener.none()).sae();
  }

  private GatedSae gated(TrainConfig config) {
    SparsityConfig strong = new SparsityConfig(10, Optional.empty(), 0);
    GatedTraining training = new GatedTraining(strong, AuxiliaryDecoder.FROZEN);
    GatedConfig sae = new GatedConfig(SAE.dIn(), SAE.dSae(), Optional.of(training));
    KnownFeatures data = new KnownFeatures(device, SAE.dIn(), 24, 2, 11);
    return (GatedSae) new SaeTrainer(device, config).train(sae, data, TrainListener.none()).sae();
  }

  private float[][] directionsOfNextTokens(TrainedSae trained, long position, int count) {
    KnownFeatures data = new KnownFeatures(device, SAE.dIn(), 24, 2, 11);
    data.seek(position);
    FloatMatrix x = device.floats(count, SAE.dIn());
    data.next(x);
    device.kernels().addRow(x, x, trained.sae().weights().bDec(), -1);
    device.kernels().normalizeRows(x, x);
    float[] all = device.toHost(x);
    return IntStream.range(0, count).mapToObj(t -> row(all, t)).toArray(float[][]::new);
  }

  private static float[] row(float[] matrix, int row) {
    return Arrays.copyOfRange(matrix, row * SAE.dIn(), (row + 1) * SAE.dIn());
  }

  private static double dot(float[] a, float[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> (double) a[i] * b[i]).sum();
  }

  private static double norm(float[] a) {
    return Math.sqrt(dot(a, a));
  }

  private static double distance(float[] a, float[] b) {
    return Math.sqrt(Math.max(0, dot(a, a) + dot(b, b) - 2 * dot(a, b)));
  }

  /** Latents that the data's mean silences from the first step on. */
  @Test
  void ghostGradientsReviveDeadLatents() {
    TrainConfig without =
        config(200).toBuilder()
            .learningRate(3e-3)
            .decoderNorm(DecoderNorm.UNIT)
            .auxK(AuxKConfig.defaults().withDeadAfterTokens(640))
            .build();
    TrainConfig with = without.toBuilder().ghostGradients(GhostGradientsConfig.defaults()).build();
    SparsityConfig sparsity = new SparsityConfig(0.3, Optional.empty(), 0);
    StandardConfig sae = new StandardConfig(24, 128, Optional.of(sparsity));
    StepMetrics left = last(sae, without);
    StepMetrics revived = last(sae, with);
    assertTrue(left.deadLatents() >= 12, "dead without " + left.deadLatents());
    assertTrue(
        revived.deadLatents() <= left.deadLatents() / 3,
        "dead with %d, without %d".formatted(revived.deadLatents(), left.deadLatents()));
    assertTrue(revived.fvu() < 1.05 * left.fvu(), revived.fvu() + " against " + left.fvu());
  }

  @Test
  void badReconstructionsAreDrawnByTheSquareOfTheirLoss() {
    double[] sums = {1, 1, 5, 5, 8};
    assertEquals(0, Resampling.draw(sums, 0));
    assertEquals(0, Resampling.draw(sums, 0.12));
    assertEquals(2, Resampling.draw(sums, 0.125));
    assertEquals(2, Resampling.draw(sums, 0.62));
    assertEquals(4, Resampling.draw(sums, 0.625));
    assertEquals(4, Resampling.draw(sums, 0.999999999));
    assertEquals(0, Resampling.draw(new double[] {0}, 0.5));
  }

  @ParameterizedTest
  @MethodSource("kindsWithK")
  void kFallsFromMoreActiveLatents(SaeConfig sae) {
    TrainConfig falling =
        config(8).toBuilder()
            .bDecInit(DecoderBiasInit.MEAN)
            .kSchedule(new KScheduleConfig(6, 0.5))
            .build();
    KnownFeatures data = new KnownFeatures(device, SAE.dIn(), 24, 2, 11);
    TrainedSae trained = new SaeTrainer(device, falling).train(sae, data, TrainListener.none());
    double[] l0 = trained.history().stream().mapToDouble(StepMetrics::l0).toArray();
    assertArrayEquals(new double[] {6, 5, 4, 3, 2, 2, 2, 2}, l0, 1e-9);
  }

  private static Stream<SaeConfig> kindsWithK() {
    return Stream.of(SAE, new BatchTopKConfig(16, 40, 2), MatryoshkaConfig.of(16, 40, 2));
  }

  @Test
  void kCannotBeginBelowItsEndOrAboveTheLatents() {
    TrainConfig below = config(4).toBuilder().kSchedule(new KScheduleConfig(1, 0.5)).build();
    assertEquals(
        "first_k: is 1, k is 2; it must be at least k",
        Refusal.of(IllegalArgumentException.class, () -> train(below)));
    TrainConfig above = config(4).toBuilder().kSchedule(new KScheduleConfig(41, 0.5)).build();
    assertEquals(
        "first_k: is 41, d_sae is 40; it must be at most d_sae",
        Refusal.of(IllegalArgumentException.class, () -> train(above)));
  }
}
