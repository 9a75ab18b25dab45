package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.assertSameBits;
import static mechinterp.kernel.TestMatrices.empty;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products that are used at once, against the same in two steps and against the reference. */
@Tag("kernels")
class ProductKernelsTest {
  private static final String SHAPES_AND_FUNCTIONS =
      """
      1, 1, 1, SILU
      1, 300, 40, GELU
      3, 40, 33, RELU
      6, 31, 65, GELU_TANH
      14, 64, 64, SILU
      30, 97, 31, GELU
      57, 1000, 48, SILU
      200, 70, 130, GELU_TANH
      """;

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

  private static PackedMatrix packed(Kernels kernels, FloatMatrix b) {
    PackedMatrix packed = kernels.allocatePacked(b.rows(), b.cols());
    kernels.pack(packed, b, Operand.AS_IS);
    return packed;
  }

  private static FloatMatrix product(Kernels kernels, FloatMatrix a, PackedMatrix b) {
    FloatMatrix product = empty(a.rows(), b.cols());
    kernels.matmulPacked(product, a, b);
    return product;
  }

  @ParameterizedTest
  @CsvSource(textBlock = SHAPES_AND_FUNCTIONS)
  void anAddedProductHasTheBitsOfAProductAndAnAddition(int m, int n, int k) {
    FloatMatrix a = matrices.gaussian(m, k);
    FloatMatrix b = matrices.gaussian(k, n);
    FloatMatrix sum = matrices.gaussian(m, n);
    FloatMatrix reference = added(scalar, sum, a, b);
    assertClose(reference, added(vector(), sum, a, b), 1e-4);
  }

  private static FloatMatrix added(Kernels kernels, FloatMatrix sum, FloatMatrix a, FloatMatrix b) {
    PackedMatrix packed = packed(kernels, b);
    FloatMatrix expected = TestMatrices.copyOf(sum);
    kernels.add(expected, expected, product(kernels, a, packed));
    FloatMatrix actual = TestMatrices.copyOf(sum);
    kernels.products().addProduct(actual, a, packed);
    assertSameBits(expected, actual);
    return actual;
  }

  @ParameterizedTest
  @CsvSource(textBlock = SHAPES_AND_FUNCTIONS)
  void aGatedProductHasTheBitsOfAProductAndAGate(int m, int n, int k, ActivationFunction f) {
    FloatMatrix a = matrices.gaussian(m, k);
    FloatMatrix b = matrices.gaussian(k, n);
    FloatMatrix gate = matrices.gaussian(m, n);
    FloatMatrix reference = gated(scalar, gate, a, b, f);
    assertClose(reference, gated(vector(), gate, a, b, f), 1e-4);
  }

  private static FloatMatrix gated(
      Kernels kernels, FloatMatrix gate, FloatMatrix a, FloatMatrix b, ActivationFunction f) {
    PackedMatrix packed = packed(kernels, b);
    FloatMatrix expected = empty(gate.rows(), gate.cols());
    kernels.gatedActivate(expected, gate, product(kernels, a, packed), f);
    FloatMatrix actual = empty(gate.rows(), gate.cols());
    kernels.products().gatedProduct(actual, gate, a, packed, f);
    assertSameBits(expected, actual);
    FloatMatrix inPlace = TestMatrices.copyOf(gate);
    kernels.products().gatedProduct(inPlace, inPlace, a, packed, f);
    assertSameBits(expected, inPlace);
    return actual;
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    PackedMatrix b = packed(scalar, matrices.gaussian(3, 5));
    ProductKernels products = scalar.products();
    assertRefused(
        "addProduct: a is [2, 4], b is [3, 5]; a's columns must equal b's rows",
        () -> products.addProduct(empty(2, 5), empty(2, 4), b));
    assertRefused(
        "addProduct: out is [2, 4]; it must be [2, 5]",
        () -> products.addProduct(empty(2, 4), empty(2, 3), b));
    assertRefused(
        "gatedProduct: a is [2, 4], b is [3, 5]; a's columns must equal b's rows",
        () ->
            products.gatedProduct(
                empty(2, 5), empty(2, 5), empty(2, 4), b, ActivationFunction.SILU));
    assertRefused(
        "gatedProduct: out is [1, 5]; it must be [2, 5]",
        () ->
            products.gatedProduct(
                empty(1, 5), empty(2, 5), empty(2, 3), b, ActivationFunction.SILU));
    assertRefused(
        "gatedProduct: gate is [2, 3]; it must be [2, 5]",
        () ->
            products.gatedProduct(
                empty(2, 5), empty(2, 3), empty(2, 3), b, ActivationFunction.SILU));
  }

  private static void assertRefused(String message, Runnable call) {
    assertEquals(message, Refusal.of(IllegalArgumentException.class, call::run));
  }
}
