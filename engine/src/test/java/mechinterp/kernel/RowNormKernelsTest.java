package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows brought to one scale, against the formulas. */
@Tag("kernels")
final class RowNormKernelsTest {
  private final Kernels scalar = new CheckedKernels(new ScalarKernels());
  private final TestMatrices matrices = new TestMatrices(12);
  private final WorkerPool workers = new WorkerPool(3);

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "5, 7", "37, 64", "200, 33"})
  void layerNormHasMeanZeroAndDeviationOne(int rows, int width) {
    FloatMatrix x = matrices.gaussian(rows, width);
    scalar.addRow(x, x, filled(1, width, 3), 1);
    FloatMatrix out = matrices.gaussian(rows, width);
    FloatMatrix moments = matrices.gaussian(rows, 2);
    scalar.rowNorms().normalize(out, moments, x, RowNorm.LAYER_NORM);
    for (int i = 0; i < rows; i++) {
      double mean = 0;
      for (int j = 0; j < width; j++) {
        mean += get(x, i, j) / width;
      }
      double squares = 0;
      for (int j = 0; j < width; j++) {
        squares += Math.pow(get(x, i, j) - mean, 2);
      }
      double deviation = Math.sqrt(squares / (width - 1));
      assertEquals(mean, get(moments, i, 0), 1e-5);
      assertEquals(deviation, get(moments, i, 1), 1e-5);
      for (int j = 0; j < width; j++) {
        assertEquals((get(x, i, j) - mean) / (deviation + 1e-5), get(out, i, j), 1e-4);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "5, 7", "37, 64"})
  void aConstantNormIsTheRootOfTheWidth(int rows, int width) {
    FloatMatrix x = matrices.gaussian(rows, width);
    FloatMatrix out = matrices.gaussian(rows, width);
    FloatMatrix moments = matrices.gaussian(rows, 2);
    scalar.rowNorms().normalize(out, moments, x, RowNorm.CONSTANT_NORM);
    for (int i = 0; i < rows; i++) {
      double squares = 0;
      for (int j = 0; j < width; j++) {
        squares += Math.pow(get(out, i, j), 2);
        assertEquals(get(x, i, j), get(moments, i, 1) * get(out, i, j), 1e-5);
      }
      assertEquals(0, get(moments, i, 0));
      assertEquals(width, squares, 1e-4 * width);
    }
  }

  @ParameterizedTest
  @CsvSource({"LAYER_NORM", "CONSTANT_NORM"})
  void restoredRowsAreTheOnesBefore(RowNorm norm) {
    FloatMatrix x = matrices.gaussian(41, 19);
    FloatMatrix moments = matrices.gaussian(41, 2);
    FloatMatrix there = TestMatrices.copyOf(x);
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    Kernels threads = new CheckedKernels(new VectorKernels(workers));
    threads.rowNorms().normalize(there, moments, there, norm);
    FloatMatrix once = matrices.gaussian(41, 19);
    scalar.rowNorms().normalize(once, moments, x, norm);
    TestMatrices.assertClose(once, there, 0);
    threads.rowNorms().restore(there, moments);
    TestMatrices.assertClose(x, there, 1e-4);
  }

  @ParameterizedTest
  @CsvSource({"LAYER_NORM, 5", "CONSTANT_NORM, 0"})
  void aRowWithoutExtentBecomesZero(RowNorm norm, float value) {
    FloatMatrix x = filled(2, 6, value);
    FloatMatrix moments = filled(2, 2, 1);
    FloatMatrix out = filled(2, 6, 9);
    scalar.rowNorms().normalize(out, moments, x, norm);
    TestMatrices.assertClose(filled(2, 6, 0), out, 0);
    scalar.rowNorms().restore(out, moments);
    TestMatrices.assertClose(x, out, 0);
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    FloatMatrix x = filled(3, 4, 1);
    assertEquals(
        "normalize: moments is [3, 1]; it must be [3, 2]",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.rowNorms().normalize(x, filled(3, 1, 0), x, RowNorm.LAYER_NORM)));
  }

  private FloatMatrix filled(int rows, int width, float value) {
    FloatMatrix matrix = matrices.gaussian(rows, width);
    scalar.fill(matrix, value);
    return matrix;
  }
}
