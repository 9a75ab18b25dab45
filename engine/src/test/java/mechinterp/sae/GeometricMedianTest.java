package mechinterp.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;

class GeometricMedianTest {
  private final Device device = CpuDevice.scalar();

  private float[] centre(DecoderBiasInit init, int rows, int cols, float[] points) {
    return SaeInit.decoderBias(
        device, init, rows, cols, matrix -> device.upload(matrix, points, 0));
  }

  @Test
  void isTheMiddlePointOfPointsOnALine() {
    float[] points = {0, 0, 1, 1, 50, 50};
    float[] median = centre(DecoderBiasInit.GEOMETRIC_MEDIAN, 3, 2, points);
    assertEquals(1, median[0], 0.05);
    assertEquals(1, median[1], 0.05);
  }

  @Test
  void hasALowerSumOfDistancesThanTheMeanAndThanItsNeighbours() {
    int rows = 1500;
    int cols = 3;
    float[] points = new float[rows * cols];
    RandomStream.of(1, "points").fillGaussian(points, 0, 1);
    for (int i = 0; i < 40 * cols; i++) {
      points[i] += 30;
    }
    float[] median = centre(DecoderBiasInit.GEOMETRIC_MEDIAN, rows, cols, points);
    float[] mean = centre(DecoderBiasInit.MEAN, rows, cols, points);
    double best = distances(points, median);
    assertTrue(best < distances(points, mean));
    for (int j = 0; j < cols; j++) {
      for (float move : new float[] {-0.01f, 0.01f}) {
        float[] neighbour = median.clone();
        neighbour[j] += move;
        assertTrue(best < distances(points, neighbour));
      }
    }
  }

  private static double distances(float[] points, float[] centre) {
    double sum = 0;
    for (int row = 0; row < points.length; row += centre.length) {
      double square = 0;
      for (int j = 0; j < centre.length; j++) {
        square += Math.pow(points[row + j] - centre[j], 2);
      }
      sum += Math.sqrt(square);
    }
    return sum;
  }

  @Test
  void theMeanIsTheMeanAndZeroIsZero() {
    float[] points = {1, 2, 3, 6};
    assertArrayEquals(new float[] {2, 4}, centre(DecoderBiasInit.MEAN, 2, 2, points));
    assertArrayEquals(new float[] {0, 0}, centre(DecoderBiasInit.ZERO, 2, 2, points));
  }

  @Test
  void pointsThatAreAllEqualAreTheirOwnMedian() {
    float[] points = {4, 5, 4, 5};
    assertArrayEquals(new float[] {4, 5}, centre(DecoderBiasInit.GEOMETRIC_MEDIAN, 2, 2, points));
  }
}
