package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.intRow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The vector kernels of transformers against the scalar reference, on awkward sizes. */
@Tag("kernels")
class VectorTransformerTest {
  private static final double NEARLY = 2e-5;

  private final Kernels scalar = new ScalarKernels();
  private final TestMatrices matrices = new TestMatrices(11);
  private Kernels vector = scalar;
  private WorkerPool workers = new WorkerPool(1);

  @BeforeEach
  void startWorkers() {
    workers.close();
    workers = new WorkerPool(3);
    vector = tested(workers);
  }

  /** Returns the kernels that are compared with the reference. */
  Kernels tested(WorkerPool workers) {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    return new VectorKernels(workers);
  }

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  /** A kernel with its inputs. */
  private interface Call {
    void on(Kernels kernels, List<FloatMatrix> outputs);
  }

  /** Compares the outputs of a kernel that starts from copies of {@code outputs}. */
  private void compare(List<FloatMatrix> outputs, Call call) {
    List<FloatMatrix> expected = outputs.stream().map(TestMatrices::copyOf).toList();
    List<FloatMatrix> actual = outputs.stream().map(TestMatrices::copyOf).toList();
    call.on(scalar, expected);
    call.on(vector, actual);
    for (int i = 0; i < expected.size(); i++) {
      assertClose(expected.get(i), actual.get(i), NEARLY);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "1,33,7", "5,100,31", "64,64,64", "70,513,96", "130,40,300"})
  void packedTransposedProductsAreTheReference(int m, int n, int k) {
    FloatMatrix a = matrices.gaussian(m, n);
    FloatMatrix weights = matrices.gaussian(k, n);
    FloatMatrix start = matrices.gaussian(m, k);
    for (Write write : Write.values()) {
      FloatMatrix expected = TestMatrices.copyOf(start);
      FloatMatrix actual = TestMatrices.copyOf(start);
      scalar.matmul(expected, a, Operand.AS_IS, weights, Operand.TRANSPOSED, write);
      PackedMatrix packed = vector.allocatePacked(k, n + 3);
      vector.pack(packed, weights, Operand.AS_IS);
      vector.matmulPackedTransposed(actual, a, packed, write);
      assertClose(expected, actual, NEARLY * Math.sqrt(n));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "40,17", "33,100"})
  void packedColumnsAreGathered(int columns, int k) {
    FloatMatrix weights = matrices.gaussian(columns, k);
    IntMatrix ids = intRow(columns - 1, 0, columns / 2, columns - 1);
    FloatMatrix expected = empty(4, k);
    FloatMatrix actual = empty(4, k);
    scalar.gatherRows(expected, weights, ids);
    PackedMatrix packed = vector.allocatePacked(k, columns);
    vector.pack(packed, weights, Operand.TRANSPOSED);
    vector.gatherColumns(actual, packed, ids);
    assertClose(expected, actual, 0);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "100,7,33", "1000,5,64", "3,200,19"})
  void rowsAreAddedToTheirPlacesInTheTable(int tokens, int ids, int cols) {
    int[] places = new int[tokens];
    for (int t = 0; t < tokens; t++) {
      places[t] = RandomStream.of(tokens, "places").below(t, ids);
    }
    FloatMatrix x = matrices.gaussian(tokens, cols);
    compare(
        List.of(matrices.gaussian(ids, cols)),
        (kernels, out) -> kernels.scatterAddRows(out.getFirst(), x, intRow(places)));
  }

  @ParameterizedTest
  @CsvSource({"1,1", "3,16", "7,31", "33,8", "5,100", "40,1000", "2,5000"})
  void normsAreTheReference(int rows, int cols) {
    FloatMatrix x = matrices.gaussian(rows, cols);
    FloatMatrix gain = matrices.gaussian(1, cols);
    FloatMatrix bias = matrices.gaussian(1, cols);
    FloatMatrix dy = matrices.gaussian(rows, cols);
    FloatMatrix column = empty(rows, 1);
    for (Norm norm : Norm.values()) {
      FloatMatrix scale = empty(rows, 1);
      scalar.normScale(scale, x, 0.5f, norm);
      compare(List.of(column), (k, out) -> k.normScale(out.getFirst(), x, 0.5f, norm));
      compare(List.of(dy), (k, out) -> k.norm(out.getFirst(), x, scale, gain, bias, norm));
      compare(
          List.of(x), (k, out) -> k.norm(out.getFirst(), out.getFirst(), scale, gain, bias, norm));
      compare(
          List.of(x, column),
          (k, out) -> k.normBackward(out.getFirst(), out.getLast(), dy, x, scale, gain, norm));
      compare(
          List.of(dy, column),
          (k, out) ->
              k.normBackward(out.getFirst(), out.getLast(), out.getFirst(), x, scale, gain, norm));
      FloatMatrix dScale = matrices.gaussian(rows, 1);
      compare(List.of(dy), (k, out) -> k.normScaleBackward(out.getFirst(), dScale, x, scale, norm));
      for (Write write : Write.values()) {
        compare(
            List.of(gain),
            (k, out) -> k.normGainGradient(out.getFirst(), dy, x, scale, norm, write));
      }
    }
  }

  private static final float[] AWKWARD = {
    -100, -50, -20, -9, -5, -3, -0.63f, -0.62f, -1e-3f, -0f, 0, 1e-6f, 0.3f, 3, 5, 9, 20, 100, 0.5f,
    -0.5f, 1, -1, 88, -88, 300, -300, 1e-20f
  };

  @ParameterizedTest
  @EnumSource(ActivationFunction.class)
  void activationFunctionsAreTheReference(ActivationFunction f) {
    compareActivation(f, TestMatrices.of(AWKWARD));
    compareActivation(f, matrices.gaussian(3, 2100));
    compareActivation(f, matrices.gaussian(70, 17));
  }

  private void compareActivation(ActivationFunction f, FloatMatrix x) {
    FloatMatrix dy = matrices.gaussian(x.rows(), x.cols());
    FloatMatrix linear = matrices.gaussian(x.rows(), x.cols());
    compare(List.of(dy), (k, out) -> k.activate(out.getFirst(), x, f));
    compare(List.of(x), (k, out) -> k.activate(out.getFirst(), out.getFirst(), f));
    compare(List.of(dy), (k, out) -> k.activateBackward(out.getFirst(), out.getFirst(), x, f));
    compare(List.of(x), (k, out) -> k.activateBackward(out.getFirst(), dy, out.getFirst(), f));
    compare(List.of(dy), (k, out) -> k.gatedActivate(out.getFirst(), x, linear, f));
    compare(List.of(x), (k, out) -> k.gatedActivate(out.getFirst(), out.getFirst(), linear, f));
    compare(List.of(linear), (k, out) -> k.gatedActivate(out.getFirst(), x, out.getFirst(), f));
    compare(
        List.of(x, linear),
        (k, out) ->
            k.gatedActivateBackward(
                out.getFirst(), out.getLast(), dy, out.getFirst(), out.getLast(), f));
    compare(
        List.of(x, dy),
        (k, out) ->
            k.gatedActivateBackward(
                out.getLast(), out.getFirst(), out.getLast(), out.getFirst(), linear, f));
  }

  @Test
  void capsAreTheReference() {
    for (FloatMatrix x : List.of(TestMatrices.of(AWKWARD), matrices.gaussian(5, 1030))) {
      FloatMatrix dy = matrices.gaussian(x.rows(), x.cols());
      compare(List.of(dy), (k, out) -> k.softCap(out.getFirst(), x, 3));
      compare(List.of(x), (k, out) -> k.softCap(out.getFirst(), out.getFirst(), 0.5f));
      FloatMatrix y = empty(x.rows(), x.cols());
      scalar.softCap(y, x, 3);
      compare(List.of(dy), (k, out) -> k.softCapBackward(out.getFirst(), out.getFirst(), y, 3));
      compare(List.of(y), (k, out) -> k.softCapBackward(out.getFirst(), dy, out.getFirst(), 3));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,2,1", "3,10,2", "2,64,32", "5,80,16", "1,34,17", "3,256,128"})
  void rotaryIsTheReference(int heads, int dHead, int half) {
    FloatMatrix x = matrices.gaussian(9, heads * dHead);
    FloatMatrix cos = matrices.gaussian(30, half);
    FloatMatrix sin = matrices.gaussian(30, half);
    IntMatrix positions = intRow(0, 29, 3, 3, 1, 7, 28, 0, 2);
    for (Rotation rotation : Rotation.values()) {
      compare(
          List.of(empty(9, heads * dHead)),
          (k, out) -> k.rotary(out.getFirst(), x, positions, cos, sin, heads, rotation));
      compare(
          List.of(x),
          (k, out) ->
              k.rotary(out.getFirst(), out.getFirst(), positions, cos, sin, heads, rotation));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "3,16", "7,31", "2,4099", "200,300"})
  void softmaxAndLossesAreTheReference(int rows, int cols) {
    FloatMatrix x = matrices.gaussian(rows, cols);
    scalar.scale(x, x, 5);
    TestMatrices.set(x, 0, 0, cols == 1 ? 0 : Float.NEGATIVE_INFINITY);
    FloatMatrix other = empty(rows, cols);
    compare(List.of(other), (k, out) -> k.softmax(out.getFirst(), x));
    compare(List.of(x), (k, out) -> k.softmax(out.getFirst(), out.getFirst()));
    FloatMatrix y = empty(rows, cols);
    scalar.softmax(y, x);
    FloatMatrix dy = matrices.gaussian(rows, cols);
    compare(List.of(dy), (k, out) -> k.softmaxBackward(out.getFirst(), out.getFirst(), y));
    compare(List.of(y), (k, out) -> k.softmaxBackward(out.getFirst(), dy, out.getFirst()));
    int[] targets = new int[rows];
    for (int t = 0; t < rows; t++) {
      targets[t] = t % 3 == 2 ? -1 : cols - 1 - t % cols;
    }
    FloatMatrix column = empty(rows, 1);
    FloatMatrix weights = matrices.gaussian(rows, 1);
    compare(List.of(column), (k, out) -> k.crossEntropy(out.getFirst(), x, intRow(targets)));
    compare(
        List.of(x),
        (k, out) ->
            k.crossEntropyBackward(out.getFirst(), out.getFirst(), intRow(targets), weights));
    FloatMatrix p = matrices.gaussian(rows, cols);
    FloatMatrix q = TestMatrices.copyOf(p);
    scalar.addScaled(q, dy, 1e-2f);
    compare(List.of(column), (k, out) -> k.klDivergence(out.getFirst(), p, dy));
    compare(List.of(column), (k, out) -> k.klDivergence(out.getFirst(), p, q));
  }

  @Test
  void maskedScoresGetNoWeightAtAll() {
    FloatMatrix x = matrices.gaussian(2, 40);
    FloatMatrix out = empty(2, 40);
    for (int j = 3; j < 40; j++) {
      TestMatrices.set(x, 1, j, Float.NEGATIVE_INFINITY);
    }
    vector.softmax(out, x);
    for (int j = 3; j < 40; j++) {
      assertEquals(0, TestMatrices.get(out, 1, j));
    }
  }
}
