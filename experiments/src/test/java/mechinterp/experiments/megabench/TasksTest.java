package mechinterp.experiments.megabench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.data.KnownParts;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.data.ModelParts;
import mechinterp.experiments.data.OpenedData;
import mechinterp.experiments.data.SyntheticData;
import mechinterp.experiments.text.TextSettings;
import mechinterp.megabench.Measurement;
import mechinterp.megabench.Metric;
import mechinterp.metrics.DictionaryAgreement;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.synthetic.SyntheticConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A perfect, an empty and a random autoencoder get what the definitions demand. */
class TasksTest {
  private static final Progress.Display SILENT =
      new Progress.Display(new PrintWriter(Writer.nullWriter()), false, System::nanoTime);
  private static final int TOKENS = 2_000;

  @TempDir private Path folder;
  private final Device device = CpuDevice.best(1);

  @AfterEach
  void close() {
    device.close();
  }

  private static SyntheticData known() {
    SyntheticConfig activations =
        new SyntheticConfig(
            24,
            48,
            new SyntheticConfig.Zipf(0.5, 0.2, 0.05),
            Optional.of(new SyntheticConfig.Hierarchy(4, 2, 2, 0.5, true, false)),
            Optional.empty(),
            2,
            0.3,
            1,
            Optional.empty(),
            3);
    return new SyntheticData(activations, 3_000, 500, TOKENS);
  }

  private KnownParts opened() throws IOException {
    return (KnownParts) known().open(folder, device, SILENT);
  }

  /** Latents without weights: nothing is ever active, and b_dec is all that is reconstructed. */
  private Sae empty(OpenedData data, FloatMatrix bias) {
    Sae sae = Sae.allocate(device, new TopKConfig(data.dIn(), 40, 4));
    device.kernels().copy(sae.weights().bDec(), bias);
    sae.weightsChanged();
    return sae;
  }

  private Sae baseline(OpenedData data, Baseline baseline, int k) {
    return Baselines.of(data, 1, device).make(baseline, 64, k, 1);
  }

  private static double value(Readings readings, Metric metric) {
    Measurement.Seed seed =
        Objects.requireNonNull(readings.values().get(metric.field()), metric.field());
    return new Measurement(List.of(seed)).value();
  }

  private static Readings reconstruction(ActivationStore store, Sae sae, int atOnce) {
    Readings readings = new Readings();
    new ReconstructionTask(store, atOnce).measure(readings, sae);
    return readings;
  }

  private FloatMatrix mean(ActivationStore store) {
    float[] rows = new float[store.tokens() * store.dIn()];
    store.read(0, store.tokens(), rows, 0);
    double[] sums = new double[store.dIn()];
    for (int i = 0; i < rows.length; i++) {
      sums[i % sums.length] += rows[i];
    }
    float[] mean = new float[sums.length];
    for (int j = 0; j < mean.length; j++) {
      mean[j] = (float) (sums[j] / store.tokens());
    }
    return device.matrix(1, mean.length, mean);
  }

  @Test
  void rawActivationsLoseNothingAndHaveAllTheirCoordinates() throws IOException {
    try (KnownParts data = opened()) {
      Readings raw = reconstruction(data.testStore(), baseline(data, Baseline.RAW, 0), 512);
      assertEquals(0, value(raw, Metric.FVU), 1e-12);
      assertEquals(1, value(raw, Metric.EXPLAINED_VARIANCE), 1e-12);
      assertEquals(1, value(raw, Metric.TOKEN_EXPLAINED_VARIANCE), 1e-12);
      assertEquals(1, value(raw, Metric.SHRINKAGE), 1e-6);
      assertEquals(data.dIn(), value(raw, Metric.L0), 0.01);
    }
  }

  @Test
  void anEmptyAutoencoderExplainsNothing() throws IOException {
    try (KnownParts data = opened()) {
      ActivationStore test = data.testStore();
      Readings empty = reconstruction(test, empty(data, mean(test)), 512);
      assertEquals(1, value(empty, Metric.FVU), 1e-6);
      assertEquals(0, value(empty, Metric.EXPLAINED_VARIANCE), 1e-6);
      assertEquals(0, value(empty, Metric.TOKEN_EXPLAINED_VARIANCE), 1e-5);
      assertEquals(0, value(empty, Metric.L0));
      assertEquals(1, value(empty, Metric.DEAD_FRACTION));
      assertEquals(0, value(empty, Metric.DENSE_FRACTION));
      assertFalse(empty.values().containsKey(Metric.CO_OCCURRENCE.field()));
    }
  }

  /** A random dictionary is better than nothing, principal components better than that. */
  @Test
  void baselinesStandInTheirOrder() throws IOException {
    try (KnownParts data = opened()) {
      ActivationStore test = data.testStore();
      Readings random = reconstruction(test, baseline(data, Baseline.RANDOM, 4), 512);
      Readings components = reconstruction(test, baseline(data, Baseline.PCA, 4), 512);
      Readings all = reconstruction(test, baseline(data, Baseline.PCA, data.dIn()), 512);
      assertTrue(value(random, Metric.FVU) < 0.95, random.values().toString());
      assertTrue(value(components, Metric.FVU) < value(random, Metric.FVU) - 0.1);
      assertEquals(0, value(all, Metric.FVU), 1e-6);
      assertEquals(4, value(random, Metric.L0), 0.05);
      assertEquals(0, value(components, Metric.NEAREST_COSINE), 1e-4);
    }
  }

  @Test
  void noFigureDependsOnTheBatches() throws IOException {
    try (KnownParts data = opened()) {
      ActivationStore test = data.testStore();
      Sae random = baseline(data, Baseline.RANDOM, 4);
      assertEquals(
          reconstruction(test, random, 7).values(), reconstruction(test, random, 1024).values());
    }
  }

  /** The same codes written down twice: latents that always fire together. */
  @Test
  void twinsAreSeen() throws IOException {
    try (KnownParts data = opened()) {
      Sae twins = Sae.allocate(device, new TopKConfig(data.dIn(), 32, 32));
      float[] rows = new float[32 * data.dIn()];
      for (int latent = 0; latent < 32; latent++) {
        float[] row = new float[data.dIn()];
        RandomStream.of(1, "direction " + latent / 2).fillGaussian(row, 0, 1);
        System.arraycopy(row, 0, rows, latent * data.dIn(), row.length);
      }
      device.upload(twins.weights().wDec(), rows, 0);
      device.upload(twins.weights().wEnc(), rows, 0);
      twins.weightsChanged();
      Readings readings = reconstruction(data.testStore(), twins, 256);
      assertEquals(1, value(readings, Metric.NEAREST_COSINE), 1e-5);
      assertEquals(1, value(readings, Metric.CO_OCCURRENCE), 1e-9);
      FloatMatrix decoder = twins.weights().wDec();
      assertEquals(1, DictionaryAgreement.of(device, decoder, decoder).cosine(), 1e-5);
    }
  }

  /** A dictionary of the true directions, as many latents as features. */
  @Test
  void theTrueDirectionsAreFound() throws IOException {
    try (KnownParts data = opened()) {
      FloatMatrix directions = data.activations().directions();
      Sae truth = Sae.allocate(device, new TopKConfig(data.dIn(), directions.rows(), 6));
      device.kernels().copy(truth.weights().wDec(), directions);
      device.kernels().copy(truth.weights().wEnc(), directions);
      truth.weightsChanged();
      Readings found = new Readings();
      KnownFeatureTask task = new KnownFeatureTask(data, data.testStore(), device);
      task.measure(found, truth);
      assertEquals(1, value(found, Metric.MATCHED_COSINE), 1e-5);
      assertEquals(1, value(found, Metric.UNIQUENESS));
      assertEquals(0, value(found, Metric.SPLIT_FEATURES));
      assertEquals(0, value(found, Metric.MERGED_LATENTS));
      Readings random = new Readings();
      task.measure(random, baseline(data, Baseline.RANDOM, 6));
      assertTrue(value(found, Metric.F1) > value(random, Metric.F1) + 0.1);
      assertTrue(value(random, Metric.MATCHED_COSINE) < 0.8);
      Readings nothing = new Readings();
      task.measure(nothing, empty(data, device.floats(1, data.dIn())));
      assertEquals(0, value(nothing, Metric.F1));
      assertEquals(0, value(nothing, Metric.ABSORPTION));
      assertFalse(nothing.values().containsKey(Metric.SPLIT_FEATURES.field()));
    }
  }

  /** tiny-lm, spliced and probed. */
  @Test
  void aModelLosesNothingWithItsOwnActivationsAndAllWithTheirMean() throws IOException {
    ModelData settings =
        new ModelData(
            "tiny-lm",
            "blocks.1.mlp.hook_post",
            new TextSettings(true, 0.01, 0.2, 0),
            64,
            2_000,
            600,
            600,
            8,
            10,
            12,
            Normalization.Method.EXPECTED_AVERAGE_ONLY_IN,
            Optional.empty());
    try (ModelParts data = (ModelParts) settings.open(folder, device, SILENT)) {
      Sae raw = baseline(data, Baseline.RAW, 0);
      SpliceTask splice = SpliceTask.of(data, raw);
      Readings perfect = new Readings();
      splice.measure(perfect, raw);
      assertEquals(0, value(perfect, Metric.CE_RISE), 1e-4);
      assertEquals(0, value(perfect, Metric.KL), 1e-5);
      assertEquals(1, value(perfect, Metric.LOSS_RECOVERED_FROM_ZERO), 1e-3);
      Readings ofMean = new Readings();
      splice.measure(ofMean, empty(data, data.mean()));
      assertEquals(0, value(ofMean, Metric.LOSS_RECOVERED_FROM_MEAN), 1e-3);
      assertTrue(value(ofMean, Metric.CE_RISE) > 0);
      try (ConceptTask concepts = ConceptTask.of(data)) {
        Readings told = new Readings();
        concepts.measure(told, raw, true);
        Readings nothing = new Readings();
        concepts.measure(nothing, empty(data, data.mean()), false);
        assertEquals(0, value(nothing, Metric.TOKEN_F1));
        assertFalse(nothing.values().containsKey(Metric.NGRAM_RULE_AUC.field()));
        assertFalse(nothing.values().containsKey(Metric.PROBE_ALL.field()));
        assertTrue(value(told, Metric.TOKEN_F1) > 0.1, told.values().toString());
        assertTrue(value(told, Metric.PROBE_ALL) > 0.5);
        Map<String, Measurement.Seed> again = values(concepts, raw);
        told.values().forEach((name, seed) -> assertEquals(seed, again.get(name), name));
      }
      Sae neurons = baseline(data, Baseline.NEURONS, 16);
      Readings few = new Readings();
      splice.measure(few, neurons);
      assertTrue(value(few, Metric.LOSS_RECOVERED_FROM_MEAN) > 0.1, few.values().toString());
    }
  }

  private static Map<String, Measurement.Seed> values(ConceptTask concepts, Sae sae) {
    Readings readings = new Readings();
    concepts.measure(readings, sae, true);
    return readings.values();
  }
}
