package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.assertSameBits;
import static mechinterp.kernel.TestMatrices.assertSameCodes;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.emptyCodes;
import static mechinterp.kernel.TestMatrices.intRow;
import static mechinterp.kernel.TestMatrices.order;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.stream.IntStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.HostFloats;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The vector kernels against the scalar reference, on sizes around those of vectors, tiles, panels
 * and chunks.
 */
@Tag("kernels")
class VectorKernelsTest {
  private static final float NEARLY = 1e-5f;

  private final Kernels scalar = new ScalarKernels();
  private final TestMatrices matrices = new TestMatrices(7);
  private Kernels vector = scalar;
  private WorkerPool workers = new WorkerPool(1);

  @BeforeEach
  void startWorkers() {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    workers.close();
    workers = new WorkerPool(3);
    vector = new VectorKernels(workers);
  }

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1",
    "1,33,7",
    "2,64,16",
    "5,31,3",
    "6,32,32",
    "7,65,100",
    "13,33,5",
    "14,32,768",
    "15,129,17",
    "27,95,64",
    "28,128,512",
    "29,200,1024",
    "97,131,61",
    "300,70,33",
    "64,1,9",
    "3,700,11"
  })
  void everyFormOfTheProductIsTheReference(int m, int n, int k) {
    for (Operand asA : Operand.values()) {
      for (Operand asB : Operand.values()) {
        FloatMatrix a = asA == Operand.AS_IS ? matrices.gaussian(m, k) : matrices.gaussian(k, m);
        FloatMatrix b = asB == Operand.AS_IS ? matrices.gaussian(k, n) : matrices.gaussian(n, k);
        for (Write write : Write.values()) {
          FloatMatrix expected = matrices.gaussian(m, n);
          FloatMatrix actual = copyOf(expected);
          scalar.matmul(expected, a, asA, b, asB, write);
          vector.matmul(actual, a, asA, b, asB, write);
          assertClose(expected, actual, NEARLY * k);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048})
  void aStrideThatHarmsTheCacheDoesNotHarmTheResult(int depth) {
    FloatMatrix wide = matrices.gaussian(20, depth);
    FloatMatrix a =
        new FloatMatrix(new HostFloats(new float[20 * depth]), MatrixLayout.contiguous(20, depth));
    scalar.copy(a, wide);
    FloatMatrix b = matrices.gaussian(depth, 40);
    FloatMatrix expected = empty(20, 40);
    FloatMatrix actual = empty(20, 40);
    scalar.matmul(expected, a, Operand.AS_IS, b, Operand.AS_IS, Write.SET);
    vector.matmul(actual, a, Operand.AS_IS, b, Operand.AS_IS, Write.SET);
    assertClose(expected, actual, 1e-4);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "3,40,33", "14,64,64", "30,97,31", "57,1000,48", "16,130,400"})
  void packedProductsAreThePlainOnesToTheBit(int m, int n, int k) {
    FloatMatrix a = matrices.gaussian(m, k);
    FloatMatrix weights = matrices.gaussian(n, k);
    PackedMatrix packed = vector.allocatePacked(k, n);
    vector.pack(packed, weights, Operand.TRANSPOSED);
    FloatMatrix plain = empty(m, n);
    FloatMatrix actual = empty(m, n);
    vector.matmul(plain, a, Operand.AS_IS, weights, Operand.TRANSPOSED, Write.SET);
    vector.matmulPacked(actual, a, packed);
    assertSameBits(plain, actual);
  }

  @Test
  void chosenRowsArePacked() {
    FloatMatrix weights = matrices.gaussian(90, 21);
    IntMatrix ids = intRow(0, 3, 4, 50, 89);
    FloatMatrix chosen = empty(5, 21);
    scalar.gatherRows(chosen, weights, ids);
    FloatMatrix x = matrices.gaussian(17, 21);
    PackedMatrix packed = vector.allocatePacked(21, 90);
    vector.packRows(packed, weights, ids);
    FloatMatrix expected = empty(17, 5);
    FloatMatrix actual = empty(17, 5);
    vector.matmul(expected, x, Operand.AS_IS, chosen, Operand.TRANSPOSED, Write.SET);
    vector.matmulPacked(actual, x, packed);
    assertSameBits(expected, actual);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,100", "3,16", "7,31", "20,257", "33,8", "40,1000"})
  void elementwiseMethodsAreTheReference(int rows, int cols) {
    FloatMatrix a = matrices.gaussian(rows, cols);
    FloatMatrix b = matrices.gaussian(rows, cols);
    FloatMatrix row = matrices.gaussian(1, cols);
    compare(rows, cols, (kernels, out) -> kernels.fill(out, 2.5f));
    compare(rows, cols, (kernels, out) -> kernels.copy(out, a));
    compare(rows, cols, (kernels, out) -> kernels.add(out, a, b));
    compare(rows, cols, (kernels, out) -> kernels.subtract(out, a, b));
    compare(rows, cols, (kernels, out) -> kernels.scale(out, a, -1.5f));
    compare(rows, cols, (kernels, out) -> kernels.addRow(out, a, row, 0.75f));
    compare(rows, cols, (kernels, out) -> kernels.normalizeRows(out, a));
    compare(rows, cols, (kernels, out) -> kernels.multiply(out, a, b));
    compare(rows, cols, (kernels, out) -> kernels.multiplyRow(out, a, row));
    compare(rows, cols, (kernels, out) -> kernels.softmax(out, a));
    compare(1, cols, (kernels, out) -> kernels.sumRows(out, a, Write.SET));
    compare(rows, 1, (kernels, out) -> kernels.rowDots(out, a, b));
    compare(
        rows,
        cols,
        (kernels, out) -> {
          kernels.copy(out, a);
          kernels.addScaled(out, b, -3);
        });
  }

  /** A kernel with its inputs. */
  private interface Call {
    void on(Kernels kernels, FloatMatrix out);
  }

  private void compare(int rows, int cols, Call call) {
    FloatMatrix expected = empty(rows, cols);
    FloatMatrix actual = empty(rows, cols);
    call.on(scalar, expected);
    call.on(vector, actual);
    assertClose(expected, actual, 2 * NEARLY);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1",
    "1,300,20,5",
    "5,31,8,31",
    "14,64,16,4",
    "29,1000,33,32",
    "130,2500,24,7",
    "40,700,64,128"
  })
  void fusedEncodingSelectsWhatTheReferenceSelects(int tokens, int latents, int d, int k) {
    FloatMatrix x = matrices.gaussian(tokens, d);
    FloatMatrix weights = matrices.gaussian(latents, d);
    FloatMatrix bias = matrices.gaussian(1, latents);
    SparseCodes expected = encode(scalar, x, weights, bias, k);
    SparseCodes actual = encode(vector, x, weights, bias, k);
    assertSameCodes(expected, actual, 1e-4);
  }

  private static SparseCodes encode(
      Kernels kernels, FloatMatrix x, FloatMatrix weights, FloatMatrix bias, int k) {
    PackedMatrix packed = kernels.allocatePacked(x.cols(), weights.rows());
    kernels.pack(packed, weights, Operand.TRANSPOSED);
    SparseCodes codes = emptyCodes(x.rows(), k + 2, weights.rows());
    kernels.encodeTopK(codes, x, packed, bias, k);
    return codes;
  }

  /** Behind the first columns stand others, not zeros. */
  @ParameterizedTest
  @ValueSource(ints = {1, 15, 16, 17, 63, 64, 100, 149, 150})
  void theFirstColumnsEncodeAsAMatrixOfTheirOwn(int first) {
    FloatMatrix x = matrices.gaussian(9, 21);
    FloatMatrix weights = matrices.gaussian(150, 21);
    FloatMatrix bias = matrices.gaussian(1, 150);
    FloatMatrix firstBias = bias.columnRange(0, first);
    int k = Math.min(10, first);
    for (Kernels kernels : List.of(scalar, vector)) {
      PackedMatrix packed = kernels.allocatePacked(21, 150);
      kernels.pack(packed, weights, Operand.TRANSPOSED);
      PackedMatrix columns = packed.firstColumns(first);
      SparseCodes actual = emptyCodes(9, k + 2, first);
      kernels.encodeTopK(actual, x, columns, firstBias, k);
      assertSameCodes(encode(kernels, x, weights.rowRange(0, first), firstBias, k), actual, 0);
      assertEquals(first, columns.cols());
      assertThrows(IllegalArgumentException.class, () -> columns.firstColumns(first + 1));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 31, 500, 999})
  void equalPreActivationsGoByTheLowestIndex(int k) {
    int latents = 1000;
    FloatMatrix weights = empty(latents, 1);
    IntStream.range(0, latents).forEach(f -> TestMatrices.set(weights, f, 0, f % 3));
    FloatMatrix x = empty(20, 1);
    scalar.fill(x, 1);
    FloatMatrix bias = empty(1, latents);
    scalar.fill(bias, 0);
    assertSameCodes(encode(scalar, x, weights, bias, k), encode(vector, x, weights, bias, k), 0);
  }

  @Test
  void negativePreActivationsAreNeverSelected() {
    FloatMatrix weights = empty(50, 1);
    scalar.fill(weights, -1);
    FloatMatrix x = empty(3, 1);
    scalar.fill(x, 1);
    FloatMatrix bias = empty(1, 50);
    scalar.fill(bias, 0);
    SparseCodes codes = encode(vector, x, weights, bias, 10);
    assertArrayEquals(new int[3], HostMemory.ints(codes.counts()));
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,1", "7,3,20,33", "40,9,130,64", "33,16,300,257"})
  void sparseMethodsAreTheReference(int tokens, int capacity, int latents, int d) {
    SparseCodes codes = matrices.codes(tokens, capacity, latents);
    FloatMatrix decoder = matrices.gaussian(latents, d);
    FloatMatrix bias = matrices.gaussian(1, d);
    FloatMatrix rows = matrices.gaussian(tokens, d);
    LatentOrder order = order(codes);
    var main = new SparseOuterProduct(order, codes.values(), rows);
    var more = new SparseOuterProduct(order, matrices.gaussian(tokens, capacity), rows);
    compare(tokens, d, (kernels, out) -> kernels.decode(out, codes, decoder, bias));
    compare(tokens, capacity, (kernels, out) -> kernels.codeGradients(out, codes, rows, decoder));
    compare(
        1, latents, (kernels, out) -> kernels.latentSums(out, order, codes.values(), Write.SET));
    compare(latents, d, (kernels, out) -> kernels.sparseGradient(out, List.of(main, more)));
  }

  @ParameterizedTest
  @EnumSource(RowConstraint.class)
  void aFusedStepIsGradientThenProjectionThenAdamThenNormalisation(RowConstraint constraint) {
    SparseCodes codes = matrices.codes(30, 6, 75);
    SparseOuterProduct term =
        new SparseOuterProduct(order(codes), codes.values(), matrices.gaussian(30, 45));
    FloatMatrix start = matrices.gaussian(75, 45);
    scalar.normalizeRows(start, start);
    AdamStep step = new AdamStep(1e-2f, 0.9f, 0.999f, 1e-8f, 3);
    FloatMatrix first = matrices.gaussian(75, 45);
    FloatMatrix second = empty(75, 45);
    scalar.fill(second, 0.5f);
    FloatMatrix expected =
        stepByStep(copyOf(start), copyOf(first), copyOf(second), term, step, constraint);
    for (Kernels kernels : List.of(scalar, vector)) {
      FloatMatrix actual = copyOf(start);
      kernels
          .optimizer()
          .sparseAdam(actual, copyOf(first), copyOf(second), List.of(term), step, constraint);
      assertClose(expected, actual, NEARLY);
    }
  }

  @ParameterizedTest
  @EnumSource(RowConstraint.class)
  void squaresOfGradientsAreThoseOfTheWrittenOutAndProjectedGradient(RowConstraint constraint) {
    SparseCodes codes = matrices.codes(30, 6, 75);
    LatentOrder order = order(codes);
    var first = new SparseOuterProduct(order, codes.values(), matrices.gaussian(30, 45));
    var second = new SparseOuterProduct(order, matrices.gaussian(30, 6), matrices.gaussian(30, 45));
    List<SparseOuterProduct> terms = List.of(first, second);
    FloatMatrix p = matrices.gaussian(75, 45);
    scalar.normalizeRows(p, p);
    FloatMatrix gradient = gradient(p, terms, constraint);
    FloatMatrix expected = empty(75, 1);
    scalar.rowDots(expected, gradient, gradient);
    for (Kernels kernels : List.of(scalar, vector)) {
      FloatMatrix squares = empty(75, 1);
      kernels.optimizer().gradientSquares(squares, p, terms, constraint);
      assertClose(expected, squares, 1e-3);
    }
  }

  @Test
  void aScaledStepIsTheStepAlongTheScaledGradient() {
    AdamStep step = new AdamStep(3e-3f, 0.9f, 0.95f, 1e-2f, 2);
    FloatMatrix gradient = matrices.gaussian(7, 21);
    FloatMatrix quarter = copyOf(gradient);
    scalar.scale(quarter, gradient, 0.25f);
    for (Kernels kernels : List.of(scalar, vector)) {
      FloatMatrix expected = filled(7, 21);
      FloatMatrix actual = filled(7, 21);
      kernels.optimizer().adam(expected, filled(7, 21), filled(7, 21), quarter, step);
      kernels
          .optimizer()
          .adam(actual, filled(7, 21), filled(7, 21), gradient, step.withGradientScale(0.25f));
      assertSameBits(expected, actual);
    }
  }

  private FloatMatrix filled(int rows, int cols) {
    FloatMatrix ones = empty(rows, cols);
    scalar.fill(ones, 1);
    return ones;
  }

  private FloatMatrix stepByStep(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      SparseOuterProduct term,
      AdamStep step,
      RowConstraint constraint) {
    scalar.optimizer().adam(p, m, v, gradient(p, List.of(term), constraint), step);
    if (constraint == RowConstraint.UNIT_NORM) {
      scalar.normalizeRows(p, p);
    }
    return p;
  }

  private FloatMatrix gradient(
      FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint) {
    FloatMatrix gradient = empty(p.rows(), p.cols());
    scalar.sparseGradient(gradient, terms);
    if (constraint == RowConstraint.UNIT_NORM) {
      FloatMatrix parallel = empty(p.rows(), 1);
      scalar.rowDots(parallel, gradient, p);
      for (int f = 0; f < p.rows(); f++) {
        scalar.addScaled(gradient.row(f), p.row(f), -TestMatrices.get(parallel, f, 0));
      }
    }
    return gradient;
  }

  @Test
  void adamIsTheReference() {
    FloatMatrix gradient = matrices.gaussian(19, 77);
    AdamStep step = new AdamStep(3e-3f, 0.9f, 0.95f, 1e-6f, 1);
    FloatMatrix start = matrices.gaussian(19, 77);
    compare(
        19,
        77,
        (kernels, out) -> {
          kernels.copy(out, start);
          FloatMatrix m = empty(19, 77);
          FloatMatrix v = empty(19, 77);
          kernels.fill(m, 0);
          kernels.fill(v, 0);
          kernels.optimizer().adam(out, m, v, gradient, step);
          kernels.optimizer().adam(out, m, v, gradient, new AdamStep(3e-3f, 0.9f, 0.95f, 1e-6f, 2));
        });
  }

  @Test
  void bitsDoNotDependOnTheNumberOfThreads() {
    FloatMatrix x = matrices.gaussian(211, 96);
    FloatMatrix weights = matrices.gaussian(1500, 96);
    FloatMatrix bias = matrices.gaussian(1, 1500);
    try (WorkerPool alone = new WorkerPool(1);
        WorkerPool many = new WorkerPool(5)) {
      Kernels one = new VectorKernels(alone);
      Kernels five = new VectorKernels(many);
      assertSameBits(product(one, x, weights), product(five, x, weights));
      SparseCodes codes = encode(one, x, weights, bias, 24);
      SparseCodes same = encode(five, x, weights, bias, 24);
      assertSameCodes(codes, same, 0);
      assertSameBits(stepped(one, codes, weights, x), stepped(five, codes, weights, x));
      FloatMatrix few = matrices.gaussian(2, 1500);
      assertSameBits(
          product(one, few, weights, Operand.AS_IS), product(five, few, weights, Operand.AS_IS));
    }
  }

  private static FloatMatrix product(Kernels kernels, FloatMatrix x, FloatMatrix weights) {
    return product(kernels, x, weights, Operand.TRANSPOSED);
  }

  private static FloatMatrix product(Kernels kernels, FloatMatrix x, FloatMatrix b, Operand asB) {
    FloatMatrix out = empty(x.rows(), asB == Operand.AS_IS ? b.cols() : b.rows());
    kernels.matmul(out, x, Operand.AS_IS, b, asB, Write.SET);
    return out;
  }

  private static FloatMatrix stepped(
      Kernels kernels, SparseCodes codes, FloatMatrix weights, FloatMatrix rows) {
    FloatMatrix p = copyOf(weights);
    FloatMatrix m = empty(p.rows(), p.cols());
    FloatMatrix v = empty(p.rows(), p.cols());
    kernels.fill(m, 0);
    kernels.fill(v, 0);
    SparseOuterProduct term = new SparseOuterProduct(order(codes), codes.values(), rows);
    kernels
        .optimizer()
        .sparseAdam(
            p,
            m,
            v,
            List.of(term),
            new AdamStep(1e-3f, 0.9f, 0.999f, 1e-8f, 1),
            RowConstraint.UNIT_NORM);
    return p;
  }

  @Test
  void aRowsResultDoesNotDependOnTheOtherRows() {
    FloatMatrix x = matrices.gaussian(57, 80);
    FloatMatrix weights = matrices.gaussian(300, 80);
    FloatMatrix bias = matrices.gaussian(1, 300);
    FloatMatrix all = product(vector, x, weights);
    SparseCodes codes = encode(vector, x, weights, bias, 9);
    for (int rows : new int[] {1, 3, 6, 10, 13, 14, 20}) {
      FloatMatrix part = x.rowRange(30, 30 + rows);
      assertSameBits(all.rowRange(30, 30 + rows), product(vector, part, weights));
      assertSameCodes(
          copyOf(codes.rowRange(30, 30 + rows)), encode(vector, part, weights, bias, 9), 0);
    }
  }

  private static SparseCodes copyOf(SparseCodes codes) {
    return new SparseCodes(
        codes.indices(), TestMatrices.copyOf(codes.values()), codes.counts(), codes.latents());
  }

  private static FloatMatrix copyOf(FloatMatrix x) {
    return TestMatrices.copyOf(x);
  }

  @Test
  void aFailingTaskFailsTheCall() {
    IntMatrix beyond = intRow(0, 7);
    FloatMatrix table = matrices.gaussian(2, 3);
    FloatMatrix out = empty(2, 3);
    assertThrows(IndexOutOfBoundsException.class, () -> vector.gatherRows(out, table, beyond));
  }
}
