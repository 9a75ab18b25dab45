package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.assertSameBits;
import static mechinterp.kernel.TestMatrices.assertSameCodes;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.emptyCodes;
import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.getInt;
import static mechinterp.kernel.TestMatrices.set;
import static mechinterp.kernel.TestMatrices.setInt;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pursuit by the reference on small numbers, its properties, and vectors beside the reference. */
@Tag("kernels")
final class PursuitKernelsTest {
  private static final String SIZES =
      """
      # tokens, d, F, shortlist, k, rounds, overshoot
      1, 1, 1, 1, 1, 1, 1
      3, 5, 17, 8, 2, 3, 1.5
      9, 16, 40, 40, 10, 3, 1.5
      13, 33, 100, 64, 16, 3, 1.5
      50, 64, 300, 20, 5, 4, 2
      21, 71, 200, 30, 30, 2, 1
      11, 100, 90, 12, 20, 3, 1.5
      """;

  private final Kernels scalar = new CheckedKernels(new ScalarKernels());
  private final TestMatrices matrices = new TestMatrices(7);
  private final WorkerPool workers = new WorkerPool(3);

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  private Kernels vector() {
    return vector(workers);
  }

  private static Kernels vector(WorkerPool workers) {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    return new CheckedKernels(new VectorKernels(workers));
  }

  /** Tokens, the shortlist of each, and a dictionary of unit rows. */
  private record Problem(FloatMatrix x, SparseCodes shortlist, FloatMatrix dictionary) {
    FloatMatrix inverses(Kernels kernels) {
      FloatMatrix inverses = empty(1, dictionary.rows());
      kernels.pursuit().inverseSquares(inverses, dictionary);
      return inverses;
    }

    SparseCodes codes(Kernels kernels, PursuitForm form) {
      SparseCodes codes = emptyCodes(x.rows(), form.mostActive(), dictionary.rows());
      kernels.pursuit().encode(codes, x, shortlist, dictionary, inverses(kernels), form);
      return codes;
    }

    FloatMatrix targets(Kernels kernels, PursuitForm form) {
      FloatMatrix targets = empty(x.rows(), shortlist.capacity());
      kernels.pursuit().fixedPoint(targets, x, shortlist, dictionary, inverses(kernels), form);
      return targets;
    }

    Problem tokens(int from, int to) {
      return new Problem(x.rowRange(from, to), shortlist.rowRange(from, to), dictionary);
    }
  }

  private Problem problem(int tokens, int d, int latents, int candidates) {
    FloatMatrix dictionary = matrices.gaussian(latents, d);
    scalar.normalizeRows(dictionary, dictionary);
    return new Problem(
        matrices.gaussian(tokens, d), matrices.codes(tokens, candidates, latents), dictionary);
  }

  /** x - a D. */
  private static double[] residual(Problem problem, SparseCodes codes, int t) {
    double[] residual = new double[problem.x.cols()];
    for (int j = 0; j < residual.length; j++) {
      residual[j] = get(problem.x, t, j);
      for (int slot = 0; slot < getInt(codes.counts(), t, 0); slot++) {
        int latent = getInt(codes.indices(), t, slot);
        residual[j] -= get(codes.values(), t, slot) * (double) get(problem.dictionary, latent, j);
      }
    }
    return residual;
  }

  private static double square(double[] row) {
    double sum = 0;
    for (double value : row) {
      sum += value * value;
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource(textBlock = SIZES)
  void vectorsFindWhatTheReferenceFinds(
      int tokens, int d, int latents, int candidates, int k, int rounds, double overshoot) {
    Problem problem = problem(tokens, d, latents, candidates);
    PursuitForm form = PursuitForm.ofLargest(k, rounds, overshoot);

    assertClose(problem.inverses(scalar), problem.inverses(vector()), 1e-5);
    assertSameCodes(problem.codes(scalar, form), problem.codes(vector(), form), 1e-4);
    assertClose(problem.targets(scalar, form), problem.targets(vector(), form), 1e-4);
  }

  @ParameterizedTest
  @CsvSource(textBlock = SIZES)
  void codesThatAreTooSmallAreDroppedWhateverTheirNumber(
      int tokens, int d, int latents, int candidates, int k, int rounds, double overshoot) {
    Problem problem = problem(tokens, d, latents, candidates);
    PursuitForm largest = PursuitForm.ofLargest(k, rounds, overshoot);
    PursuitForm all = new PursuitForm(k, rounds, overshoot, Float.MIN_VALUE);
    PursuitForm some = new PursuitForm(k, rounds, overshoot, 0.3f);
    assertSameCodes(problem.codes(scalar, some), problem.codes(vector(), some), 1e-4);
    int most = 0;
    long ofAll = 0;
    long ofSome = 0;
    for (int t = 0; t < tokens; t++) {
      most = Math.max(most, getInt(problem.codes(vector(), all).counts(), t, 0));
      ofAll += getInt(problem.codes(vector(), all).counts(), t, 0);
      ofSome += getInt(problem.codes(vector(), some).counts(), t, 0);
    }
    assertTrue(most <= all.mostActive() && most <= Math.min(candidates, Math.ceil(overshoot * k)));
    assertTrue(ofSome <= ofAll);
    assertEquals(k, largest.mostActive());
  }

  @ParameterizedTest
  @CsvSource(textBlock = SIZES)
  void codesArePositiveFewAndOfTheShortlist(
      int tokens, int d, int latents, int candidates, int k, int rounds, double overshoot) {
    Problem problem = problem(tokens, d, latents, candidates);
    SparseCodes codes = problem.codes(vector(), PursuitForm.ofLargest(k, rounds, overshoot));
    for (int t = 0; t < tokens; t++) {
      int count = getInt(codes.counts(), t, 0);
      assertTrue(count <= k);
      int before = -1;
      for (int slot = 0; slot < count; slot++) {
        assertTrue(get(codes.values(), t, slot) > 0);
        assertTrue(getInt(codes.indices(), t, slot) > before, "by rising latent");
        before = getInt(codes.indices(), t, slot);
        assertTrue(slotOf(problem.shortlist, t, before) >= 0, "of the shortlist");
      }
    }
  }

  private static int slotOf(SparseCodes codes, int t, int latent) {
    for (int slot = 0; slot < getInt(codes.counts(), t, 0); slot++) {
      if (getInt(codes.indices(), t, slot) == latent) {
        return slot;
      }
    }
    return -1;
  }

  @ParameterizedTest
  @CsvSource(textBlock = SIZES)
  void targetsAreTheCodesAndTheResidualsPartAlongEachRow(
      int tokens, int d, int latents, int candidates, int k, int rounds, double overshoot) {
    Problem problem = problem(tokens, d, latents, candidates);
    PursuitForm form = PursuitForm.ofLargest(k, rounds, overshoot);
    SparseCodes codes = problem.codes(vector(), form);
    FloatMatrix targets = problem.targets(vector(), form);
    for (int t = 0; t < tokens; t++) {
      double[] residual = residual(problem, codes, t);
      for (int slot = 0; slot < candidates; slot++) {
        double expected = 0;
        if (slot < getInt(problem.shortlist.counts(), t, 0)) {
          int latent = getInt(problem.shortlist.indices(), t, slot);
          int active = slotOf(codes, t, latent);
          expected = active < 0 ? 0 : get(codes.values(), t, active);
          for (int j = 0; j < d; j++) {
            expected += residual[j] * get(problem.dictionary, latent, j);
          }
        }
        assertEquals(expected, get(targets, t, slot), 1e-4 * (1 + Math.abs(expected)));
      }
    }
  }

  @Test
  void moreRoundsExplainMoreAndNoTokenIsMadeWorseThanByNothing() {
    Problem problem = problem(200, 40, 160, 60);
    double before = Double.POSITIVE_INFINITY;
    for (int rounds : new int[] {1, 2, 3, 8}) {
      SparseCodes codes = problem.codes(vector(), PursuitForm.ofLargest(10, rounds, 1.5));
      double left = 0;
      for (int t = 0; t < 200; t++) {
        double square = square(residual(problem, codes, t));
        assertTrue(square <= square(residual(problem, emptyCodes(200, 10, 160), t)) * (1 + 1e-6));
        left += square;
      }
      assertTrue(left < before, rounds + " rounds leave " + left + ", fewer left " + before);
      before = left;
    }
  }

  @Test
  void withinASpanOfFewRowsTheCodesAreFound() {
    Problem problem = problem(30, 200, 50, 50);
    SparseCodes truth = emptyCodes(30, 3, 50);
    for (int t = 0; t < 30; t++) {
      for (int slot = 0; slot < 3; slot++) {
        setInt(truth.indices(), t, slot, (t + 7 * slot) % 40 + slot);
        set(truth.values(), t, slot, 1 + slot);
      }
      setInt(truth.counts(), t, 0, 3);
    }
    FloatMatrix none = matrices.gaussian(1, 200);
    scalar.fill(none, 0);
    scalar.decode(problem.x, truth, problem.dictionary, none);
    SparseCodes everything = emptyCodes(30, 50, 50);
    for (int t = 0; t < 30; t++) {
      for (int f = 0; f < 50; f++) {
        setInt(everything.indices(), t, f, f);
      }
      setInt(everything.counts(), t, 0, 50);
    }
    Problem known = new Problem(problem.x, everything, problem.dictionary);
    SparseCodes found = known.codes(vector(), PursuitForm.ofLargest(3, 3, 2));
    for (int t = 0; t < 30; t++) {
      assertEquals(3, getInt(found.counts(), t, 0));
      for (int slot = 0; slot < 3; slot++) {
        int place = slotOf(found, t, getInt(truth.indices(), t, slot));
        assertTrue(place >= 0, "token " + t);
        assertEquals(1 + slot, get(found.values(), t, place), 0.05);
      }
    }
  }

  @Test
  void ofEqualRowsTheFirstIsChosenAndOpposedOnesNever() {
    FloatMatrix dictionary =
        TestMatrices.of(
            new float[] {-1, 0}, new float[] {0, 1}, new float[] {1, 0}, new float[] {1, 0});
    SparseCodes shortlist = emptyCodes(1, 4, 4);
    for (int f = 0; f < 4; f++) {
      setInt(shortlist.indices(), 0, f, f);
    }
    setInt(shortlist.counts(), 0, 0, 4);
    Problem problem = new Problem(TestMatrices.of(new float[] {3, -2}), shortlist, dictionary);
    for (Kernels kernels : new Kernels[] {scalar, vector()}) {
      SparseCodes codes = problem.codes(kernels, PursuitForm.ofLargest(1, 1, 1));
      assertEquals(1, getInt(codes.counts(), 0, 0));
      assertEquals(2, getInt(codes.indices(), 0, 0));
      assertEquals(3, get(codes.values(), 0, 0));
    }
  }

  @Test
  void rowsOfAnyLengthGiveTheSameReconstruction() {
    Problem unit = problem(20, 24, 70, 30);
    FloatMatrix scaled = TestMatrices.copyOf(unit.dictionary);
    FloatMatrix x = TestMatrices.copyOf(unit.x);
    scalar.scale(scaled, scaled, 0.25f);
    scalar.scale(x, x, 0.25f);
    PursuitForm form = PursuitForm.ofLargest(6, 3, 1.5);
    for (Kernels kernels : new Kernels[] {scalar, vector()}) {
      assertSameCodes(
          unit.codes(kernels, form),
          new Problem(x, unit.shortlist, scaled).codes(kernels, form),
          1e-6);
    }
  }

  @Test
  void aRowOfZerosIsNeverChosen() {
    Problem problem = problem(10, 8, 12, 12);
    scalar.fill(problem.dictionary.rowRange(0, 6), 0);
    for (Kernels kernels : new Kernels[] {scalar, vector()}) {
      SparseCodes codes = problem.codes(kernels, PursuitForm.ofLargest(12, 3, 1));
      for (int t = 0; t < 10; t++) {
        for (int slot = 0; slot < getInt(codes.counts(), t, 0); slot++) {
          assertTrue(getInt(codes.indices(), t, slot) >= 6);
        }
      }
    }
  }

  @Test
  void aTokensBitsDependNeitherOnTheThreadsNorOnOtherTokens() {
    Problem problem = problem(57, 50, 120, 40);
    PursuitForm form = PursuitForm.ofLargest(8, 3, 1.5);
    SparseCodes codes = problem.codes(vector(), form);
    FloatMatrix targets = problem.targets(vector(), form);
    try (WorkerPool one = new WorkerPool(1)) {
      assertSameCodes(codes, problem.codes(vector(one), form), 0);
      assertSameBits(targets, problem.targets(vector(one), form));
      for (int t = 0; t < 57; t++) {
        Problem alone = problem.tokens(t, t + 1);
        assertSameCodes(codes.rowRange(t, t + 1), alone.codes(vector(one), form), 0);
        assertSameBits(targets.rowRange(t, t + 1), alone.targets(vector(one), form));
      }
    }
  }

  @Test
  void roundsHoldTheirShareOfTheOvershoot() {
    PursuitForm form = PursuitForm.ofLargest(32, 3, 1.5);
    assertArrayEquals(new int[] {16, 32, 48}, new int[] {form.held(1), form.held(2), form.held(3)});
    assertEquals(1, PursuitForm.ofLargest(1, 3, 1.5).held(1));
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Problem problem = problem(4, 6, 9, 5);
    FloatMatrix inverses = problem.inverses(scalar);
    PursuitForm form = PursuitForm.ofLargest(3, 3, 1.5);
    assertEquals(
        "pursuit: codes hold 2 of 9 latents; they must hold 3 of 9",
        refusal(() ->
            scalar
                .pursuit()
                .encode(
                    emptyCodes(4, 2, 9),
                    problem.x,
                    problem.shortlist,
                    problem.dictionary,
                    inverses,
                    form)));
    assertEquals(
        "fixedPoint: shapes are [4, 4] and [4, 5]; they must be equal",
        refusal(() ->
            scalar
                .pursuit()
                .fixedPoint(
                    empty(4, 4),
                    problem.x,
                    problem.shortlist,
                    problem.dictionary,
                    inverses,
                    form)));
    assertEquals(
        "fixedPoint: x is [4, 6], the shortlist is of 9 latents, the dictionary is [8, 6]; columns and latents must be the dictionary's",
        refusal(() ->
            scalar
                .pursuit()
                .fixedPoint(
                    empty(4, 5),
                    problem.x,
                    problem.shortlist,
                    problem.dictionary.rowRange(0, 8),
                    inverses,
                    form)));
    assertEquals(
        "inverseSquares: out is [1, 8]; it must be [1, 9]",
        refusal(() -> scalar.pursuit().inverseSquares(empty(1, 8), problem.dictionary)));
    assertEquals("k: is 0; it must be at least 1", refusal(() -> PursuitForm.ofLargest(0, 3, 1.5)));
    assertEquals(
        "rounds: is 0; it must be at least 1", refusal(() -> PursuitForm.ofLargest(1, 0, 1.5)));
    assertEquals(
        "overshoot: is 0.9; it must be at least 1 and finite",
        refusal(() -> PursuitForm.ofLargest(1, 1, 0.9)));
  }

  private static String refusal(org.junit.jupiter.api.function.Executable executable) {
    return Refusal.of(IllegalArgumentException.class, executable);
  }
}
