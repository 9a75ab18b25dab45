package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReconstructionSumsTest {
  private static final int TOKENS = 101;
  private static final int D_IN = 9;
  private static final int D_SAE = 12;
  private static final int K = 3;

  private final Device device = CpuDevice.scalar();
  private final float[] x = activations();
  private final float[] reconstruction = reconstruction();

  /** Dimensions of very different mean and deviation, as a transformer's residual stream has. */
  private static float[] activations() {
    float[] x = new float[TOKENS * D_IN];
    RandomStream.of(1, "x").fillGaussian(x, 0, 1);
    for (int i = 0; i < x.length; i++) {
      int dimension = i % D_IN;
      x[i] = (float) (x[i] * Math.pow(2, dimension - 4) + 300 * (dimension == 2 ? 1 : 0));
    }
    return x;
  }

  private float[] reconstruction() {
    float[] noise = new float[x.length];
    RandomStream.of(1, "noise").fillGaussian(noise, 0, 0.3);
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = 0.9f * x[i] + noise[i];
    }
    return out;
  }

  private ReconstructionSums sums(float[] reconstructed, int batchSize) {
    ReconstructionSums sums = empty(batchSize, D_IN);
    for (int from = 0; from < TOKENS; from += batchSize) {
      int to = Math.min(TOKENS, from + batchSize);
      sums.add(rows(x, from, to), rows(reconstructed, from, to), codes(from, to));
    }
    return sums;
  }

  private ReconstructionSums empty(int batchSize, int dIn) {
    return Workspace.allocate(
        "test", device, w -> new ReconstructionSums(w, batchSize, dIn, D_SAE, K));
  }

  @Test
  void hookPointsSideBySideHaveTheFvuThatEachHasAlone() {
    ReconstructionSums both =
        Workspace.allocate(
            "test", device, w -> new ReconstructionSums(w, 7, List.of(4, 5), D_SAE, K));
    for (int from = 0; from < TOKENS; from += 7) {
      int to = Math.min(TOKENS, from + 7);
      both.add(rows(x, from, to), rows(reconstruction, from, to), codes(from, to));
    }
    List<Double> fvu = both.fvuOfHookPoints();
    assertEquals(2, fvu.size());
    assertEquals(fvuOf(0, 4), fvu.get(0), 1e-6 * fvu.get(0));
    assertEquals(fvuOf(4, 9), fvu.get(1), 1e-6 * fvu.get(1));
    assertEquals(sums(reconstruction, 7).metrics(), both.metrics());
    assertEquals(
        List.of(both.metrics().fvu()), sums(reconstruction, 9).fvuOfHookPoints(), "one is all");
  }

  private double fvuOf(int first, int end) {
    double error = 0;
    double variance = 0;
    for (int j = first; j < end; j++) {
      double mean = 0;
      for (int t = 0; t < TOKENS; t++) {
        mean += (double) x[t * D_IN + j] / TOKENS;
      }
      for (int t = 0; t < TOKENS; t++) {
        error += Math.pow((double) x[t * D_IN + j] - reconstruction[t * D_IN + j], 2);
        variance += Math.pow(x[t * D_IN + j] - mean, 2);
      }
    }
    return error / variance;
  }

  private FloatMatrix rows(float[] values, int from, int to) {
    return device.matrix(to - from, D_IN, Arrays.copyOfRange(values, from * D_IN, to * D_IN));
  }

  /** Token t has t mod 4 active latents: t mod 5, then 5 and 6. */
  private SparseCodes codes(int from, int to) {
    int[] indices = new int[(to - from) * K];
    int[] counts = new int[to - from];
    for (int t = from; t < to; t++) {
      int[] latents = {t % 5, 5, 6};
      counts[t - from] = t % 4;
      System.arraycopy(latents, 0, indices, (t - from) * K, t % 4);
    }
    return new SparseCodes(
        device.matrix(to - from, K, indices),
        device.floats(to - from, K),
        device.matrix(to - from, 1, counts),
        D_SAE);
  }

  @Test
  void theMetricsAreThoseOfTheirDefinitions() {
    ReconstructionMetrics metrics = sums(reconstruction, TOKENS).metrics();
    double error = 0;
    double ratio = 0;
    double cosine = 0;
    double square = 0;
    double product = 0;
    for (int t = 0; t < TOKENS; t++) {
      double xx = dot(x, x, t);
      double rr = dot(reconstruction, reconstruction, t);
      double xr = dot(x, reconstruction, t);
      error += xx - 2 * xr + rr;
      ratio += Math.sqrt(rr / xx) / TOKENS;
      cosine += xr / Math.sqrt(xx * rr) / TOKENS;
      square += rr;
      product += xr;
    }
    assertEquals(TOKENS, metrics.tokens());
    assertEquals(error / variance(), metrics.fvu(), 1e-6 * metrics.fvu());
    assertEquals(1 - metrics.fvu(), metrics.explainedVariance());
    assertEquals(error / TOKENS, metrics.mse(), 1e-6 * metrics.mse());
    assertEquals(ratio, metrics.shrinkage(), 1e-6);
    assertEquals(square / product, metrics.relativeReconstructionBias(), 1e-6);
    assertEquals(cosine, metrics.cosine(), 1e-6);
    assertEquals((25 * 0 + 26 * 1 + 25 * 2 + 25 * 3) / (double) TOKENS, metrics.l0(), 0.02);
    assertEquals(5.0 / D_SAE, metrics.deadFraction());
  }

  private static double dot(float[] a, float[] b, int token) {
    double sum = 0;
    for (int j = token * D_IN; j < (token + 1) * D_IN; j++) {
      sum += (double) a[j] * b[j];
    }
    return sum;
  }

  private double[] mean() {
    double[] mean = new double[D_IN];
    for (int i = 0; i < x.length; i++) {
      mean[i % D_IN] += (double) x[i] / TOKENS;
    }
    return mean;
  }

  private double variance() {
    double[] mean = mean();
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += Math.pow(x[i] - mean[i % D_IN], 2);
    }
    return sum;
  }

  @Test
  void predictingTheMeanLeavesAllVarianceUnexplained() {
    double[] mean = mean();
    float[] predicted = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      predicted[i] = (float) mean[i % D_IN];
    }
    assertEquals(1, sums(predicted, TOKENS).metrics().fvu(), 1e-7);
  }

  @Test
  void theIdentityLeavesNothingUnexplained() {
    ReconstructionMetrics metrics = sums(x, TOKENS).metrics();
    assertEquals(0, metrics.fvu());
    assertEquals(1, metrics.explainedVariance());
    assertEquals(0, metrics.mse());
    assertEquals(1, metrics.shrinkage(), 1e-7);
    assertEquals(1, metrics.relativeReconstructionBias(), 1e-7);
    assertEquals(1, metrics.cosine(), 1e-7);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 50, 100})
  void theResultHasTheSameBitsForAnyBatchSize(int batchSize) {
    ReconstructionSums whole = sums(reconstruction, TOKENS);
    ReconstructionSums parts = sums(reconstruction, batchSize);
    assertEquals(whole.metrics(), parts.metrics());
    for (int f = 0; f < D_SAE; f++) {
      assertEquals(whole.density().of(f), parts.density().of(f));
    }
  }

  @Test
  void fvuIsTheSameForScaledActivations() {
    float[] scaled = new float[x.length];
    float[] scaledReconstruction = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      scaled[i] = 8 * x[i];
      scaledReconstruction[i] = 8 * reconstruction[i];
    }
    ReconstructionSums sums = empty(TOKENS, D_IN);
    sums.add(rows(scaled, 0, TOKENS), rows(scaledReconstruction, 0, TOKENS), codes(0, TOKENS));
    ReconstructionMetrics original = sums(reconstruction, TOKENS).metrics();
    assertEquals(original.fvu(), sums.metrics().fvu(), 1e-12);
    assertEquals(64 * original.mse(), sums.metrics().mse(), 1e-6 * original.mse());
  }

  @Test
  void shrunkReconstructionsShow() {
    float[] half = x.clone();
    for (int i = 0; i < half.length; i++) {
      half[i] *= 0.5f;
    }
    ReconstructionMetrics metrics = sums(half, TOKENS).metrics();
    assertEquals(0.5, metrics.shrinkage(), 1e-6);
    assertEquals(0.5, metrics.relativeReconstructionBias(), 1e-6);
    assertEquals(1, metrics.cosine(), 1e-6);
  }

  @Test
  void tokensOfNormZeroDoNotMakeTheMeansUndefined() {
    ReconstructionSums sums = empty(2, 2);
    FloatMatrix tokens = device.matrix(2, 2, new float[] {0, 0, 3, 4});
    FloatMatrix reconstructed = device.matrix(2, 2, new float[] {0, 0, 6, 8});
    sums.add(tokens, reconstructed, codes(0, 2));
    assertEquals(2, sums.metrics().shrinkage(), 1e-6);
    assertEquals(0.5, sums.metrics().cosine(), 1e-6);
  }

  @Test
  void metricsOfNothingAndTooManyTokensAreRefused() {
    ReconstructionSums sums = empty(2, D_IN);
    assertThrows(IllegalStateException.class, sums::metrics);
    FloatMatrix three = device.floats(3, D_IN);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> sums.add(three, three, codes(0, 3)));
    assertEquals("metrics: 3 tokens were added at once; a batch holds 2", e.getMessage());
  }

  @Test
  void equalActivationsHaveNoVarianceToExplain() {
    ReconstructionSums sums = empty(2, 1);
    FloatMatrix two = device.matrix(2, 1, new float[] {3, 3});
    sums.add(two, two, codes(0, 2));
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, sums::metrics);
    assertEquals(
        "metrics: 2 tokens with equal activations; fvu needs different ones", e.getMessage());
  }

  @Test
  void theVarianceIsExactFarFromZero() {
    TotalVariance variance = new TotalVariance(1);
    float[] rows = {16_000_001, 16_000_003, 16_000_005};
    variance.add(rows, 3);
    assertEquals(8, variance.value(), 1e-6);
  }

  @Test
  void densitiesAreCountedInBinsOfTheirLogarithm() {
    LatentDensity density = new LatentDensity(new long[] {0, 1, 10, 99, 1000, 1}, 1000);
    assertEquals(0.01, density.of(2));
    assertEquals(1, density.dead());
    assertEquals(1.0 / 6, density.deadFraction());
    assertArrayEquals(new long[] {0, 2, 2, 1}, density.logHistogram(-4, 4));
    assertArrayEquals(new long[] {4, 1}, density.logHistogram(-1, 2));
    assertThrows(IllegalArgumentException.class, () -> density.logHistogram(0, 3));
  }
}
