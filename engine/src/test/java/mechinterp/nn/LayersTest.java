package mechinterp.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.kernel.ActivationFunction;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

final class LayersTest {
  private final Device device = CpuDevice.scalar();

  private FloatMatrix matrix(int rows, int cols, float... values) {
    return device.matrix(rows, cols, values);
  }

  private static Weight weight(FloatMatrix value) {
    return Weight.fixed(value);
  }

  private Linear linear(int in, int out) {
    return new Linear(device, weight(device.floats(in, out)), weight(device.floats(1, out)));
  }

  @Test
  void aLinearLayerMultipliesRowsAndAddsItsBias() {
    Linear layer =
        new Linear(
            device,
            weight(matrix(2, 3, 1, 2, 3, 10, 20, 30)),
            weight(matrix(1, 3, 0.5f, 0, -0.5f)));
    FloatMatrix out = device.floats(2, 3);
    layer.forward(out, matrix(2, 2, 1, 0, 2, 1));

    assertArrayEquals(new float[] {1.5f, 2, 2.5f, 12.5f, 24, 35.5f}, device.toHost(out));
    assertEquals(2, layer.in());
    assertEquals(3, layer.out());
  }

  @Test
  void aLinearLayerKeepsItsOwnWeights() {
    FloatMatrix weight = matrix(1, 1, 2);
    Linear layer = new Linear(device, weight(weight), weight(matrix(1, 1, 0)));
    device.kernels().fill(weight, 9);
    FloatMatrix out = device.floats(1, 1);
    layer.forward(out, matrix(1, 1, 3));

    assertArrayEquals(new float[] {6}, device.toHost(out));
  }

  @Test
  void anEmbeddingTakesTheRowsOfItsIds() {
    Embedding layer = Embedding.of(device, weight(matrix(3, 2, 1, 2, 3, 4, 5, 6)));
    FloatMatrix out = device.floats(3, 2);
    layer.forward(out, device.matrix(1, 3, new int[] {2, 0, 2}));

    assertArrayEquals(new float[] {5, 6, 1, 2, 5, 6}, device.toHost(out));
    assertEquals(3, layer.size());
    assertEquals(2, layer.width());
  }

  @Test
  void layerNormScalesRowsToItsGainAroundItsBias() {
    LayerNorm layer =
        new LayerNorm(device, weight(matrix(1, 2, 3, 1)), weight(matrix(1, 2, 0, 10)), 0);
    FloatMatrix x = matrix(1, 2, 5, 1);
    FloatMatrix scale = device.floats(1, 1);
    layer.scale(scale, x);
    layer.normalize(x, x, scale);
    layer.output(x, x);

    assertArrayEquals(new float[] {2}, device.toHost(scale));
    assertArrayEquals(new float[] {3, 9}, device.toHost(x));
  }

  @Test
  void rmsNormScalesRowsBeforeItsGain() {
    RmsNorm layer = new RmsNorm(device, weight(matrix(1, 2, 3, 10)), 0.5f);
    FloatMatrix x = matrix(1, 2, 1, 2);
    FloatMatrix scale = device.floats(1, 1);
    layer.scale(scale, x);
    layer.normalize(x, x, scale);
    assertArrayEquals(new float[] {(float) Math.sqrt(3)}, device.toHost(scale));
    assertArrayEquals(new float[] {0.57735f, 1.1547f}, device.toHost(x), 1e-5f);

    layer.output(x, x);
    assertArrayEquals(new float[] {1.73205f, 11.547f}, device.toHost(x), 1e-4f);
  }

  @Test
  void weightsThatDoNotFitAreRefused() {
    assertEquals(
        "linear: bias is [1, 2]; it must be [1, 3]",
        refusal(
            () -> new Linear(device, weight(device.floats(2, 3)), weight(device.floats(1, 2)))));
    assertEquals(
        "layer norm: bias is [1, 2]; it must be [1, 3]",
        refusal(() ->
            new LayerNorm(
                device, weight(device.floats(1, 3)), weight(device.floats(1, 2)), 1e-5f)));
    assertEquals(
        "mlp: width of post is 4; it must be 5",
        refusal(() -> Mlp.plain(device, linear(3, 5), linear(4, 3), ActivationFunction.GELU)));
    assertEquals(
        "mlp: width of pre is 6; it must be 5",
        refusal(() ->
            Mlp.gated(device, linear(3, 6), linear(3, 5), linear(5, 3), ActivationFunction.SILU)));
    assertEquals(
        "parameter w: value is [2, 3], gradient is [3, 2]; they must have the same shape",
        refusal(() -> new Parameter("w", device.floats(2, 3), device.floats(3, 2))));
  }

  private static String refusal(org.junit.jupiter.api.function.Executable action) {
    return Refusal.of(IllegalArgumentException.class, action);
  }
}
