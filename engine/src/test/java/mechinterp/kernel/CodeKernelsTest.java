package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.getInt;
import static mechinterp.kernel.TestMatrices.set;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Numbers of latents on the slots of codes, by the reference against its definition and by vectors
 * against both.
 */
@Tag("kernels")
class CodeKernelsTest {
  private static final int TOKENS = 37;
  private static final int CAPACITY = 20;
  private static final int LATENTS = 90;

  private final Kernels scalar = new CheckedKernels(new ScalarKernels());
  private final TestMatrices matrices = new TestMatrices(13);
  private final WorkerPool workers = new WorkerPool(3);

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  /** Returns the kernels that are compared with the reference. */
  Kernels vector() {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    return new CheckedKernels(new VectorKernels(workers));
  }

  private static List<PenaltyShape> shapes() {
    return List.of(
        new PenaltyShape.Linear(), new PenaltyShape.Power(0.3, 1e-2), new PenaltyShape.Tanh(4));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void slopesAreThoseOfFiniteDifferences(PenaltyShape phi) {
    assertEquals(0, phi.value(0), 1e-12);
    for (double u : new double[] {0.01, 0.3, 2}) {
      double slope = (phi.value(u + 1e-6) - phi.value(u - 1e-6)) / 2e-6;
      assertEquals(slope, phi.slope(u), 1e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void penaltiesAndTheirGradientsAreThoseOfTheDefinition(PenaltyShape phi) {
    SparseCodes codes = matrices.codes(TOKENS, CAPACITY, LATENTS);
    FloatMatrix norms = matrices.gaussian(LATENTS, 1);
    scalar.multiply(norms, norms, norms);
    set(norms, 7, 0, 0);
    FloatMatrix before = matrices.gaussian(TOKENS, CAPACITY);
    for (Kernels kernels : List.of(scalar, vector())) {
      FloatMatrix sums = TestMatrices.empty(TOKENS, 1);
      FloatMatrix byCode = TestMatrices.copyOf(before);
      FloatMatrix byRow = TestMatrices.copyOf(before);
      kernels.codes().penalties(sums, codes, norms, phi);
      kernels.codes().penaltyGradients(byCode, byRow, codes, norms, phi, 0.3f);
      for (int t = 0; t < TOKENS; t++) {
        double sum = 0;
        for (int slot = 0; slot < CAPACITY; slot++) {
          double f = get(codes.values(), t, slot);
          double norm = get(norms, getInt(codes.indices(), t, slot), 0);
          boolean active = slot < getInt(codes.counts(), t, 0);
          double slope = 0.3f * phi.slope(f * norm);
          sum += active ? phi.value(f * norm) : 0;
          double old = get(before, t, slot);
          assertEquals(old + (active ? slope * norm : 0), get(byCode, t, slot), 1e-4);
          double row = norm == 0 ? 0 : slope * f / norm;
          assertEquals(active ? row : old, get(byRow, t, slot), 1e-4 * (1 + Math.abs(row)));
        }
        assertEquals(sum, get(sums, t, 0), 1e-4);
      }
    }
  }

  @Test
  void slotsAreScaledByTheirLatents() {
    SparseCodes codes = matrices.codes(TOKENS, CAPACITY, LATENTS);
    FloatMatrix x = matrices.gaussian(TOKENS, CAPACITY);
    FloatMatrix scales = matrices.gaussian(LATENTS, 1);
    for (Kernels kernels : List.of(scalar, vector())) {
      FloatMatrix found = TestMatrices.copyOf(x);
      kernels.codes().scaleSlots(found, codes, found, scales, 0.5f);
      for (int t = 0; t < TOKENS; t++) {
        for (int slot = 0; slot < CAPACITY; slot++) {
          float old = get(x, t, slot);
          float scaled = old * get(scales, getInt(codes.indices(), t, slot), 0) + 0.5f;
          boolean active = slot < getInt(codes.counts(), t, 0);
          assertEquals(active ? scaled : old, get(found, t, slot), 1e-6);
        }
      }
    }
  }

  @Test
  void anAffineFunctionKeepsOnlyWhatIsPositive() {
    SparseCodes codes = matrices.codes(TOKENS, CAPACITY, LATENTS);
    FloatMatrix scales = matrices.gaussian(LATENTS, 1);
    FloatMatrix shifts = matrices.gaussian(LATENTS, 1);
    for (Kernels kernels : List.of(scalar, vector())) {
      SparseCodes found = TestMatrices.emptyCodes(TOKENS, CAPACITY, LATENTS);
      kernels.codes().affine(found, codes, scales, shifts);
      for (int t = 0; t < TOKENS; t++) {
        int count = 0;
        for (int slot = 0; slot < getInt(codes.counts(), t, 0); slot++) {
          int latent = getInt(codes.indices(), t, slot);
          float value =
              get(codes.values(), t, slot) * get(scales, latent, 0) + get(shifts, latent, 0);
          if (value > 0) {
            assertEquals(latent, getInt(found.indices(), t, count));
            assertEquals(value, get(found.values(), t, count), 1e-6);
            count++;
          }
        }
        assertEquals(count, getInt(found.counts(), t, 0));
      }
    }
  }

  @Test
  void anAffineFunctionMayTakeThePlaceOfItsCodes() {
    FloatMatrix scales = matrices.gaussian(LATENTS, 1);
    FloatMatrix shifts = matrices.gaussian(LATENTS, 1);
    for (Kernels kernels : List.of(scalar, vector())) {
      SparseCodes inPlace = new TestMatrices(14).codes(TOKENS, CAPACITY, LATENTS);
      SparseCodes apart = TestMatrices.emptyCodes(TOKENS, CAPACITY, LATENTS);
      kernels.codes().affine(apart, inPlace, scales, shifts);
      kernels.codes().affine(inPlace, inPlace, scales, shifts);
      for (int t = 0; t < TOKENS; t++) {
        assertEquals(getInt(apart.counts(), t, 0), getInt(inPlace.counts(), t, 0));
        for (int slot = 0; slot < CAPACITY; slot++) {
          assertEquals(getInt(apart.indices(), t, slot), getInt(inPlace.indices(), t, slot));
          assertEquals(get(apart.values(), t, slot), get(inPlace.values(), t, slot));
        }
      }
    }
  }

  @Test
  void preActivationsAreDividedAtTheirThresholds() {
    FloatMatrix thresholds = matrices.gaussian(LATENTS, 1);
    scalar.multiply(thresholds, thresholds, thresholds);
    for (Kernels kernels : List.of(scalar, vector())) {
      SparseCodes before = new TestMatrices(14).codes(TOKENS, CAPACITY, LATENTS);
      SparseCodes active = new TestMatrices(14).codes(TOKENS, CAPACITY, LATENTS);
      SparseCodes band = TestMatrices.emptyCodes(TOKENS, CAPACITY, LATENTS);
      kernels.codes().splitAtThresholds(band, active, thresholds, 0.4f);
      int inBand = 0;
      for (int t = 0; t < TOKENS; t++) {
        int above = 0;
        int near = 0;
        for (int slot = 0; slot < getInt(before.counts(), t, 0); slot++) {
          int latent = getInt(before.indices(), t, slot);
          float z = get(before.values(), t, slot);
          float threshold = get(thresholds, latent, 0);
          if (Math.abs(z - threshold) < 0.2f) {
            assertEquals(latent, getInt(band.indices(), t, near));
            assertEquals(z > threshold ? z : 0, get(band.values(), t, near++));
          }
          if (z > threshold) {
            assertEquals(latent, getInt(active.indices(), t, above));
            assertEquals(z, get(active.values(), t, above++));
          }
        }
        assertEquals(near, getInt(band.counts(), t, 0));
        assertEquals(above, getInt(active.counts(), t, 0));
        inBand += near;
      }
      assertTrue(inBand > 10);
    }
  }

  @Test
  void numbersOfOtherLatentsAreRefused() {
    SparseCodes codes = matrices.codes(4, 2, 3);
    FloatMatrix slots = matrices.gaussian(4, 2);
    assertEquals(
        "scaleSlots: scales is [5, 1]; it must be [3, 1]",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.codes().scaleSlots(slots, codes, slots, matrices.gaussian(5, 1), 0)));
    assertEquals(
        "penalties: sums is [3, 1]; it must be [4, 1]",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                scalar
                    .codes()
                    .penalties(
                        matrices.gaussian(3, 1),
                        codes,
                        matrices.gaussian(3, 1),
                        new PenaltyShape.Linear())));
  }
}
