package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.assertSameCodes;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.emptyCodes;
import static mechinterp.kernel.TestMatrices.getInt;
import static mechinterp.kernel.TestMatrices.ints;
import static mechinterp.kernel.TestMatrices.order;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Training, shortlists and pursuit on a simulated GPU beside the reference, on awkward sizes. */
@Tag("kernels")
class CudaTrainingKernelsTest {
  private static final double NEARLY = 2e-5;

  private final Kernels scalar = new ScalarKernels();
  private final OnGpu gpu = new OnGpu();
  private final TestMatrices matrices = new TestMatrices(17);

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), gpu.closeAndFindLeaks());
  }

  /** A kernel with its inputs. */
  private interface Call {
    void on(Kernels kernels, List<FloatMatrix> outputs);
  }

  private void compare(List<FloatMatrix> outputs, Call call) {
    List<FloatMatrix> expected = outputs.stream().map(TestMatrices::copyOf).toList();
    List<FloatMatrix> actual = outputs.stream().map(TestMatrices::copyOf).toList();
    call.on(scalar, expected);
    call.on(gpu.kernels(), actual);
    for (int i = 0; i < expected.size(); i++) {
      assertClose(expected.get(i), actual.get(i), NEARLY);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "7,3,20", "61,20,90", "200,2,300"})
  void entriesByLatentAreTheReferences(int tokens, int capacity, int latents) {
    SparseCodes codes = matrices.codes(tokens, capacity, latents);
    LatentOrder expected = order(codes);
    LatentOrder found = new LatentOrder(ints(1, latents + 1), ints(1, tokens * capacity), capacity);
    gpu.kernels().orderByLatent(found, codes);
    for (int f = 0; f <= latents; f++) {
      assertEquals(getInt(expected.starts(), 0, f), getInt(found.starts(), 0, f));
    }
    for (int entry = 0; entry < getInt(expected.starts(), 0, latents); entry++) {
      assertEquals(getInt(expected.positions(), 0, entry), getInt(found.positions(), 0, entry));
    }
    compare(
        List.of(matrices.gaussian(1, latents)),
        (kernels, out) -> kernels.latentSums(out.getFirst(), expected, codes.values(), Write.ADD));
  }

  private List<SparseOuterProduct> terms(int tokens, int capacity, int latents, int d) {
    LatentOrder order = order(matrices.codes(tokens, capacity, latents));
    LatentOrder other = order(matrices.codes(tokens, capacity, latents));
    FloatMatrix rows = matrices.gaussian(tokens, d);
    return List.of(
        new SparseOuterProduct(order, matrices.gaussian(tokens, capacity), rows),
        new SparseOuterProduct(
            order, matrices.gaussian(tokens, capacity), rows, latents / 3, latents / 2),
        new SparseOuterProduct(other, matrices.gaussian(tokens, capacity), rows));
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,1", "7,3,20,33", "90,5,6,257"})
  void gradientsOfWeightsAreTheReferences(int tokens, int capacity, int latents, int d) {
    List<SparseOuterProduct> terms = terms(tokens, capacity, latents, d);
    compare(
        List.of(matrices.gaussian(latents, d)),
        (kernels, out) -> kernels.sparseGradient(out.getFirst(), terms));
    compare(
        List.of(matrices.gaussian(latents, d)),
        (kernels, out) -> kernels.sparseGradient(out.getFirst(), List.of()));
  }

  @ParameterizedTest
  @EnumSource(RowConstraint.class)
  void stepsAlongSparseGradientsAreTheReferences(RowConstraint constraint) {
    List<SparseOuterProduct> terms = terms(30, 6, 35, 45);
    FloatMatrix start = matrices.gaussian(35, 45);
    scalar.normalizeRows(start, start);
    FloatMatrix squares = matrices.gaussian(35, 45);
    scalar.multiply(squares, squares, squares);
    AdamStep step = new AdamStep(1e-2f, 0.9f, 0.999f, 1e-6f, 3, 0.5f);
    compare(
        List.of(start, matrices.gaussian(35, 45), squares),
        (kernels, out) ->
            kernels
                .optimizer()
                .sparseAdam(out.get(0), out.get(1), out.get(2), terms, step, constraint));
    compare(
        List.of(matrices.gaussian(35, 1)),
        (kernels, out) ->
            kernels.optimizer().gradientSquares(out.getFirst(), start, terms, constraint));
    FloatMatrix gradient = matrices.gaussian(35, 45);
    compare(
        List.of(start, matrices.gaussian(35, 45), squares),
        (kernels, out) ->
            kernels.optimizer().adam(out.get(0), out.get(1), out.get(2), gradient, step));
  }

  @ParameterizedTest
  @CsvSource({"1,1", "9,33", "70,300"})
  void sumsOverRowsAndColumnsAreTheReferences(int rows, int cols) {
    FloatMatrix x = matrices.gaussian(rows, cols);
    for (Write write : Write.values()) {
      compare(
          List.of(matrices.gaussian(1, cols)),
          (kernels, out) -> kernels.sumRows(out.getFirst(), x, write));
    }
    FloatMatrix other = matrices.gaussian(rows, cols);
    compare(
        List.of(matrices.gaussian(rows, 1)),
        (kernels, out) -> kernels.rowDots(out.getFirst(), x, other));
    compare(
        List.of(matrices.gaussian(rows, cols)),
        (kernels, out) -> kernels.normalizeRows(out.getFirst(), x));
    for (RowNorm norm : RowNorm.values()) {
      compare(
          List.of(matrices.gaussian(rows, cols), matrices.gaussian(rows, 2)),
          (kernels, out) -> kernels.rowNorms().normalize(out.get(0), out.get(1), x, norm));
    }
    FloatMatrix moments = matrices.gaussian(rows, 2);
    compare(List.of(x), (kernels, out) -> kernels.rowNorms().restore(out.getFirst(), moments));
  }

  private static final RandomStream RANDOM = RandomStream.of(3, "levels");

  @ParameterizedTest
  @CsvSource({"1,1,1,1", "3,7,40,9", "5,18,300,37"})
  void aShortlistFromLevelsHasTheReferencesBits(int tokens, int r, int latents, int m) {
    FloatMatrix y = matrices.gaussian(tokens, r);
    int panels = Math.ceilDiv(latents, ShortlistKernels.LEVEL_PANEL);
    IntMatrix levels = ints(panels, ShortlistKernels.LEVEL_PANEL / 4 * r);
    for (int p = 0; p < panels; p++) {
      for (int j = 0; j < levels.cols(); j++) {
        long draw = 1L * p * levels.cols() + j;
        TestMatrices.setInt(levels, p, j, RANDOM.below(draw, Integer.MAX_VALUE));
      }
    }
    FloatMatrix scales = matrices.gaussian(1, latents);
    FloatMatrix bias = matrices.gaussian(1, latents);
    SparseCodes expected = emptyCodes(tokens, m, latents);
    SparseCodes found = emptyCodes(tokens, m, latents);
    scalar.shortlists().quantizedTopK(expected, y, levels, scales, bias, m);
    gpu.kernels().shortlists().quantizedTopK(found, y, levels, scales, bias, m);
    assertSameCodes(expected, found, 0);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,1,1", "3,33,100,64,64", "9,19,70,21,5"})
  void whatIsChosenFromAShortlistIsTheReferences(
      int tokens, int d, int latents, int listed, int k) {
    FloatMatrix x = matrices.gaussian(tokens, d);
    SparseCodes shortlist = matrices.codes(tokens, listed, latents);
    FloatMatrix weights = matrices.gaussian(latents, d);
    FloatMatrix bias = matrices.gaussian(1, latents);
    SparseCodes expected = emptyCodes(tokens, k, latents);
    SparseCodes found = emptyCodes(tokens, k, latents);
    scalar.shortlists().encodeListed(expected, x, shortlist, weights, bias, k);
    gpu.kernels().shortlists().encodeListed(found, x, shortlist, weights, bias, k);
    assertSameCodes(expected, found, NEARLY);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1,1,1,1,0",
    "5,9,40,20,3,3,1.5,0",
    "4,33,150,70,10,2,2,0",
    "4,20,60,30,6,3,1.5,0.3"
  })
  void pursuitFindsWhatTheReferenceFinds(
      int tokens,
      int d,
      int latents,
      int candidates,
      int k,
      int rounds,
      double overshoot,
      float leastCode) {
    FloatMatrix dictionary = matrices.gaussian(latents, d);
    scalar.normalizeRows(dictionary, dictionary);
    FloatMatrix x = matrices.gaussian(tokens, d);
    SparseCodes shortlist = matrices.codes(tokens, candidates, latents);
    FloatMatrix inverses = empty(1, latents);
    scalar.pursuit().inverseSquares(inverses, dictionary);
    compare(
        List.of(TestMatrices.copyOf(inverses)),
        (kernels, out) -> kernels.pursuit().inverseSquares(out.getFirst(), dictionary));
    PursuitForm form = new PursuitForm(k, rounds, overshoot, leastCode);
    SparseCodes expected = emptyCodes(tokens, form.mostActive(), latents);
    SparseCodes found = emptyCodes(tokens, form.mostActive(), latents);
    scalar.pursuit().encode(expected, x, shortlist, dictionary, inverses, form);
    gpu.kernels().pursuit().encode(found, x, shortlist, dictionary, inverses, form);
    assertSameCodes(expected, found, 1e-4);
    compare(
        List.of(matrices.gaussian(tokens, candidates)),
        (kernels, out) ->
            kernels.pursuit().fixedPoint(out.getFirst(), x, shortlist, dictionary, inverses, form));
  }
}
