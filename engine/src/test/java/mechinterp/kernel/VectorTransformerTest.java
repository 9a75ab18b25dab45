package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.intRow;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
}
