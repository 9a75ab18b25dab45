package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import mechinterp.activation.ActivationBatches;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.random.RandomStream;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.CrosscoderScore;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Transcoders on data whose target is an affine function of the input's known features. */
class TranscoderTrainingTest {
  private static final int D_IN = 16;
  private static final int D_OUT = 11;
  private static final int TOKENS = 4000;
  private static final TranscoderConfig PLAIN = TranscoderConfig.of(D_IN, D_OUT, 40, 2);

  @TempDir private Path folder;
  private final Device device = CpuDevice.scalar();

  private static TrainConfig config(int steps) {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * steps)
        .learningRate(5e-3)
        .bDecSample(500)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(192))
        .build();
  }

  private static ActivationStore data() {
    Device host = CpuDevice.scalar();
    FloatMatrix x = host.floats(TOKENS, D_IN);
    new KnownFeatures(host, D_IN, 24, 2, 11).next(x);
    float[] inputs = host.toHost(x);
    float[] map = new float[D_OUT * D_IN];
    RandomStream.of(4, "map").fillGaussian(map, 0, 0.3);
    float[] rows = new float[TOKENS * (D_IN + D_OUT)];
    for (int t = 0; t < TOKENS; t++) {
      int at = t * (D_IN + D_OUT);
      System.arraycopy(inputs, t * D_IN, rows, at, D_IN);
      for (int o = 0; o < D_OUT; o++) {
        rows[at + D_IN + o] = o;
        for (int j = 0; j < D_IN; j++) {
          rows[at + D_IN + o] += map[o * D_IN + j] * inputs[t * D_IN + j];
        }
      }
    }
    return ActivationStore.inMemory(
        List.of(
            new Site("in", D_IN, Normalization.NONE), new Site("out", D_OUT, Normalization.NONE)),
        rows);
  }

  private static ActivationBatches batches(Device device) {
    return data().shuffled(device, 5);
  }

  private TrainedSae train(SaeConfig kind, int steps) {
    return new SaeTrainer(device, config(steps)).train(kind, batches(device), TrainListener.none());
  }

  private double fvu(Sae sae) {
    SaeEvaluator evaluator = new SaeEvaluator(sae, 100);
    FloatMatrix rows = device.floats(100, D_IN + D_OUT);
    ActivationBatches batches = data().shuffled(device, 8);
    for (int i = 0; i < 10; i++) {
      batches.next(rows);
      evaluator.add(rows);
    }
    return evaluator.metrics().fvu();
  }

  @ParameterizedTest
  @EnumSource(KScope.class)
  void theTargetIsMadeOfTheInputsFeatures(KScope scope) {
    TrainedSae trained = train(PLAIN.withKScope(scope), 700);
    assertTrue(fvu(trained.sae()) < 0.25, "fvu " + fvu(trained.sae()));
    assertEquals(2, trained.history().getLast().l0(), 1e-9);
  }

  /** Three layers that are linear maps of the same features. */
  @ParameterizedTest
  @EnumSource(KScope.class)
  void aCrosscoderFindsFeaturesThatLayersShare(KScope scope) {
    assertFinds(new CrosscoderConfig(3, 8, 40, 2, scope));
  }

  @ParameterizedTest
  @EnumSource(KScope.class)
  void soDoesOneThatChoosesByTheSumOfTheLayersNorms(KScope scope) {
    assertFinds(new CrosscoderConfig(3, 8, 40, 2, scope, CrosscoderScore.NORM_SUM));
  }

  private void assertFinds(CrosscoderConfig kind) {
    KnownFeatures wide = new KnownFeatures(device, 3 * 8, 24, 2, 11);
    Sae sae = new SaeTrainer(device, config(500)).train(kind, wide, TrainListener.none()).sae();
    FloatMatrix fresh = device.floats(500, 24);
    wide.next(fresh);
    SaeEvaluator evaluator = new SaeEvaluator(sae, 500);
    evaluator.add(fresh);
    assertTrue(evaluator.metrics().fvu() < 0.1, "fvu " + evaluator.metrics().fvu());
    assertEquals(2, evaluator.metrics().l0(), 0.3);
  }

  @Test
  void multiTopKAndGroupMaxFindTheFeatures() {
    for (SaeConfig kind : List.of(new MultiTopKConfig(24, 40, 2), new GroupMaxConfig(24, 40, 4))) {
      KnownFeatures data = new KnownFeatures(device, 24, 24, 2, 11);
      Sae sae = new SaeTrainer(device, config(500)).train(kind, data, TrainListener.none()).sae();
      FloatMatrix fresh = device.floats(500, 24);
      data.next(fresh);
      SaeEvaluator evaluator = new SaeEvaluator(sae, 500);
      evaluator.add(fresh);
      assertTrue(evaluator.metrics().fvu() < 0.2, kind + " fvu " + evaluator.metrics().fvu());
    }
  }

  @Test
  void theSkipConnectionLearnsWhatIsAffine() {
    TranscoderConfig few = TranscoderConfig.of(D_IN, D_OUT, 8, 1);
    double without = fvu(train(few, 700).sae());
    double with = fvu(train(few.withSkip(true), 700).sae());
    assertTrue(with < 0.02 && with < 0.1 * without, with + " against " + without);
  }

  @Test
  void theEvaluatedReconstructionIsOfTheTarget() {
    Sae sae = train(PLAIN.withSkip(true), 30).sae();
    FloatMatrix rows = device.floats(50, D_IN + D_OUT);
    batches(device).next(rows);
    SparseCodes codes = sae.newCodes(50);
    sae.encode(codes, sae.inputs(rows));
    FloatMatrix made = device.floats(50, D_OUT);
    sae.reconstruct(made, codes, sae.inputs(rows));
    float[] out = device.toHost(made);
    float[] target = device.toHost(rows.columnRange(D_IN, D_IN + D_OUT));
    double error = 0;
    double variance = 0;
    for (int o = 0; o < D_OUT; o++) {
      double mean = 0;
      for (int t = 0; t < 50; t++) {
        mean += target[t * D_OUT + o] / 50;
      }
      for (int t = 0; t < 50; t++) {
        int i = t * D_OUT + o;
        error += Math.pow(out[i] - target[i], 2);
        variance += Math.pow(target[i] - mean, 2);
      }
    }
    SaeEvaluator evaluator = new SaeEvaluator(sae, 50);
    evaluator.add(rows);
    assertEquals(error / variance, evaluator.metrics().fvu(), 1e-5);
  }

  @ParameterizedTest
  @EnumSource(KScope.class)
  void scalesAreFoldedIntoTheWeights(KScope scope) {
    ActivationStore scaled = data().normalized(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN);
    List<Double> scales =
        scaled.sites().stream().map(site -> site.normalization().scale()).toList();
    TranscoderConfig kind = PLAIN.withKScope(scope).withSkip(true);
    Sae trained =
        new SaeTrainer(device, config(40))
            .train(kind, scaled.shuffled(device, 5), TrainListener.none())
            .sae();
    FloatMatrix normalised = device.floats(60, D_IN + D_OUT);
    scaled.shuffled(device, 5).next(normalised);
    FloatMatrix rows = device.floats(60, D_IN + D_OUT);
    batches(device).next(rows);

    float[] expected = made(trained, normalised);
    float[] found = made(trained.foldScales(scales), rows);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i] / scales.getLast(), found[i], 1e-3);
    }
    assertEquals(
        "input scale: there are 1, hook points 2; there must be one for each",
        Refusal.of(IllegalArgumentException.class, () -> trained.foldInputScale(2)));
  }

  private float[] made(Sae sae, FloatMatrix rows) {
    SparseCodes codes = sae.newCodes(rows.rows());
    FloatMatrix out = device.floats(rows.rows(), sae.dOut());
    sae.encode(codes, sae.inputs(rows));
    sae.reconstruct(out, codes, sae.inputs(rows));
    return device.toHost(out);
  }

  @ParameterizedTest
  @EnumSource(KScope.class)
  void neitherThreadsNorAnInterruptionChangeABit(KScope scope) throws IOException {
    requireSameBits(TranscoderConfig.of(D_IN, D_OUT, 120, 3).withKScope(scope).withSkip(true));
  }

  /** Rows of both hook points together are the activations of these. */
  @Test
  void thisIsSoForTheOtherKindsToo() throws IOException {
    int width = D_IN + D_OUT;
    requireSameBits(new CrosscoderConfig(3, 9, 120, 3, KScope.BATCH));
    requireSameBits(new MultiTopKConfig(width, 120, 3));
    requireSameBits(new GroupMaxConfig(width, 120, 3));
  }

  private void requireSameBits(SaeConfig kind) throws IOException {
    try (Device one = CpuDevice.best(1);
        Device three = CpuDevice.best(3)) {
      TrainedSae whole =
          new SaeTrainer(one, config(11)).train(kind, batches(one), TrainListener.none());
      assertTrue(
          whole.history().getLast().losses().getOrDefault("auxiliary", 0.0) > 0,
          "the auxiliary loss must be active");
      TrainListener killer =
          new TrainListener() {
            @Override
            public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
              if (metrics.step() == 7) {
                throw new IllegalStateException("killed");
              }
            }
          };
      SaeTrainer trainer = new SaeTrainer(three, config(11));
      Checkpoints checkpoints = new Checkpoints(folder.resolve(kind.architecture()), 2, 2);
      assertThrows(
          IllegalStateException.class,
          () -> trainer.train(kind, batches(three), killer, checkpoints));
      TrainedSae resumed = trainer.train(kind, batches(three), TrainListener.none(), checkpoints);
      assertEquals(whole.history(), resumed.history());
      List<SaeParameter> parameters = whole.sae().parameters();
      for (int i = 0; i < parameters.size(); i++) {
        assertArrayEquals(
            one.toHost(parameters.get(i).value()),
            three.toHost(resumed.sae().parameters().get(i).value()),
            parameters.get(i).name());
      }
    }
  }

  @Test
  void activationsOfAnotherWidthAreRefused() {
    TranscoderConfig wide = TranscoderConfig.of(D_IN, D_OUT + 1, 40, 2);
    assertEquals(
        "d_in + d_out: is 28, the activations are 27 wide; they must be equal",
        Refusal.of(IllegalArgumentException.class, () -> train(wide, 2)));
  }

  @Test
  void anInputThatIsNotFiniteIsNamed() {
    ActivationBatches data = batches(device);
    ActivationBatches broken = new BrokenBatches(device, data, 3);
    assertEquals(
        "training: step 1: input activations: row 0 of the batch has NaN at dimension 3; all must"
            + " be finite",
        Refusal.of(
            TrainingException.class,
            () ->
                new SaeTrainer(
                        device,
                        config(2).toBuilder()
                            .bDecInit(mechinterp.sae.DecoderBiasInit.ZERO)
                            .bDecSample(TrainConfig.defaults().bDecSample())
                            .build())
                    .train(PLAIN, broken, TrainListener.none())));
  }

  /** Batches with NaN in a column of their first row. */
  private record BrokenBatches(Device device, ActivationBatches whole, int column)
      implements ActivationBatches {
    @Override
    public int dIn() {
      return whole.dIn();
    }

    @Override
    public void next(FloatMatrix batch) {
      whole.next(batch);
      device.upload(batch.row(0).columnRange(column, column + 1), new float[] {Float.NaN}, 0);
    }

    @Override
    public String identity() {
      return whole.identity();
    }

    @Override
    public long position() {
      return whole.position();
    }

    @Override
    public void seek(long position) {
      whole.seek(position);
    }
  }
}
