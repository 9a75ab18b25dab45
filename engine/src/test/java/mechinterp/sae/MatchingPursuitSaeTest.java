package mechinterp.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Against SAELens' algorithm in double precision; SAELens itself made the golden files. */
@Tag("kernels")
final class MatchingPursuitSaeTest {
  private static final int D_IN = 13;
  private static final int D_SAE = 71;
  private static final int TOKENS = 1029;

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  private static List<MatchingPursuitConfig> configs() {
    return List.of(
        new MatchingPursuitConfig(D_IN, D_SAE, 0.4, Optional.empty(), true),
        new MatchingPursuitConfig(D_IN, D_SAE, 0, Optional.empty(), true),
        new MatchingPursuitConfig(D_IN, D_SAE, 0.4, Optional.of(30), false),
        MatchingPursuitConfig.of(D_IN, D_SAE, 5));
  }

  private MatchingPursuitSae random(MatchingPursuitConfig config) {
    MatchingPursuitSae sae = MatchingPursuitSae.allocate(device, config);
    RandomStream random = RandomStream.of(3, "weights");
    RandomSae.fill(device, sae.weights().wDec(), random, 0);
    RandomSae.fill(device, sae.weights().bDec(), random, 1_000_000);
    device.kernels().normalizeRows(sae.weights().wDec(), sae.weights().wDec());
    device.kernels().scale(sae.weights().wDec(), sae.weights().wDec(), 1.1f);
    sae.weightsChanged();
    return sae;
  }

  private double[] naive(MatchingPursuitSae sae, float[] x) {
    float[] rows = device.toHost(sae.weights().wDec());
    float[] bDec = device.toHost(sae.weights().bDec());
    double[] residual = new double[D_IN];
    for (int j = 0; j < D_IN; j++) {
      residual[j] = x[j] - bDec[j];
    }
    double[] codes = new double[D_SAE];
    Set<Integer> support = new HashSet<>();
    MatchingPursuitConfig config = sae.config();
    for (int n = 0; n < config.maxIterations().orElse(D_IN); n++) {
      int best = 0;
      for (int i = 1; i < D_SAE; i++) {
        best = dot(residual, rows, i) > dot(residual, rows, best) ? i : best;
      }
      double value = Math.max(0, dot(residual, rows, best));
      codes[best] += value;
      for (int j = 0; j < D_IN; j++) {
        residual[j] -= value * rows[best * D_IN + j];
      }
      boolean isNew = value > 0 && support.add(best);
      double norm = Math.sqrt(Arrays.stream(residual).map(v -> v * v).sum());
      if ((config.stopOnDuplicateSupport() && !isNew) || norm < config.residualThreshold()) {
        break;
      }
    }
    return codes;
  }

  private static double dot(double[] residual, float[] rows, int row) {
    double sum = 0;
    for (int j = 0; j < D_IN; j++) {
      sum += residual[j] * rows[row * D_IN + j];
    }
    return sum;
  }

  @Test
  void codesAreThoseOfTheDefinition() {
    for (MatchingPursuitConfig config : configs()) {
      MatchingPursuitSae sae = random(config);
      FloatMatrix x = RandomSae.activations(device, TOKENS, D_IN, 5);
      float[] inputs = device.toHost(x);
      SparseCodes codes = sae.newCodes(TOKENS);
      sae.encode(codes, x);
      int[] counts = device.toHost(codes.counts());
      int[] latents = device.toHost(codes.indices());
      float[] values = device.toHost(codes.values());
      int most = 0;
      int least = D_SAE;
      for (int t = 0; t < TOKENS; t++) {
        float[] row = Arrays.copyOfRange(inputs, t * D_IN, (t + 1) * D_IN);
        double[] expected = naive(sae, row);
        int slot = t * codes.capacity();
        for (int i = 0; i < D_SAE; i++) {
          if (expected[i] > 0) {
            assertEquals(i, latents[slot], config + " token " + t);
            assertEquals(expected[i], values[slot++], 1e-4, config + " token " + t);
          }
        }
        assertEquals(t * codes.capacity() + counts[t], slot);
        most = Math.max(most, counts[t]);
        least = Math.min(least, counts[t]);
      }
      assertTrue(most > least, config + " has always " + most);
    }
  }

  @Test
  void aTokensCodesDoNotDependOnTheOtherTokens() {
    MatchingPursuitSae sae = random(configs().getFirst());
    FloatMatrix x = RandomSae.activations(device, TOKENS, D_IN, 2);
    SparseCodes whole = sae.newCodes(TOKENS);
    SparseCodes parts = sae.newCodes(TOKENS);
    sae.encode(whole, x);
    for (int from = 0; from < TOKENS; from += 7) {
      int to = Math.min(TOKENS, from + 7);
      sae.encode(parts.rowRange(from, to), x.rowRange(from, to));
    }
    assertArrayEquals(device.toHost(whole.indices()), device.toHost(parts.indices()));
    assertArrayEquals(device.toHost(whole.values()), device.toHost(parts.values()));
    assertArrayEquals(device.toHost(whole.counts()), device.toHost(parts.counts()));
  }

  private float[] reconstruction(Sae sae, FloatMatrix x) {
    SparseCodes codes = sae.newCodes(x.rows());
    FloatMatrix out = device.floats(x.rows(), D_IN);
    sae.encode(codes, x);
    sae.decode(out, codes);
    return device.toHost(out);
  }

  @Test
  void aFoldedScaleGivesTheSameReconstructionDividedByIt() {
    MatchingPursuitSae sae = random(configs().getFirst());
    FloatMatrix x = RandomSae.activations(device, 50, D_IN, 2);
    FloatMatrix scaled = device.floats(50, D_IN);
    device.kernels().scale(scaled, x, 0.25f);
    float[] expected = reconstruction(sae, scaled);
    for (int i = 0; i < expected.length; i++) {
      expected[i] *= 4;
    }
    assertArrayEquals(expected, reconstruction(sae.foldInputScale(0.25), x), 1e-5f);
    assertEquals(
        "input scale: is 0.0; it must be positive and finite",
        Refusal.of(IllegalArgumentException.class, () -> sae.foldInputScale(0)));
  }

  /** Its rows have other norms than 1, as they do where a scale was folded. */
  @Test
  void itTakesTheDictionaryOfAnyAutoencoder() {
    TopKSae topK = RandomSae.of(device, new TopKConfig(D_IN, D_SAE, 5), 4);
    MatchingPursuitConfig config = MatchingPursuitConfig.of(D_IN, D_SAE, 5);
    MatchingPursuitSae pursuit = MatchingPursuitSae.of(topK, config);
    FloatMatrix x = RandomSae.activations(device, 300, D_IN, 2);
    assertEquals(5, pursuit.maxActive());
    assertTrue(error(pursuit, x) < 0.3 * error(topK, x));
    assertEquals(
        "d_sae: is 70, the weights have 71; they must be equal",
        Refusal.of(
            IllegalArgumentException.class,
            () -> MatchingPursuitSae.of(topK, MatchingPursuitConfig.of(D_IN, 70, 5))));
    Sae transcoder = Sae.allocate(device, TranscoderConfig.of(D_IN, D_IN, D_SAE, 5));
    assertEquals(
        "architecture: is transcoder; matching pursuit needs the dictionary of a kind that reconstructs its input",
        Refusal.of(
            IllegalArgumentException.class, () -> MatchingPursuitSae.of(transcoder, config)));
  }

  private double error(Sae sae, FloatMatrix x) {
    float[] made = reconstruction(sae, x);
    float[] wanted = device.toHost(x);
    double sum = 0;
    for (int i = 0; i < made.length; i++) {
      sum += Math.pow(made[i] - wanted[i], 2);
    }
    return sum;
  }

  @Test
  void settingsOutOfTheirRangeAreRefused() {
    assertEquals(
        "residual_threshold: is -1.0; it must be at least 0 and finite",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new MatchingPursuitConfig(3, 4, -1, Optional.empty(), true)));
    assertEquals(
        "max_iterations: is 0; it must be at least 1",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new MatchingPursuitConfig(3, 4, 0, Optional.of(0), true)));
  }
}
