package mechinterp.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

final class LayersTest {
  private final Device device = CpuDevice.scalar();

  private FloatMatrix matrix(int rows, int cols, float... values) {
    return device.matrix(rows, cols, values);
  }

  private Linear linear(int in, int out) {
    return new Linear(device, device.floats(in, out), device.floats(1, out));
  }

  @Test
  void aLinearLayerMultipliesRowsAndAddsItsBias() {
    Linear layer =
        new Linear(device, matrix(2, 3, 1, 2, 3, 10, 20, 30), matrix(1, 3, 0.5f, 0, -0.5f));
    FloatMatrix out = device.floats(2, 3);
    layer.forward(out, matrix(2, 2, 1, 0, 2, 1));

    assertArrayEquals(new float[] {1.5f, 2, 2.5f, 12.5f, 24, 35.5f}, device.toHost(out));
    assertEquals(2, layer.in());
    assertEquals(3, layer.out());
  }

  @Test
  void aLinearLayerKeepsItsOwnWeights() {
    FloatMatrix weight = matrix(1, 1, 2);
    Linear layer = new Linear(device, weight, matrix(1, 1, 0));
    device.kernels().fill(weight, 9);
    FloatMatrix out = device.floats(1, 1);
    layer.forward(out, matrix(1, 1, 3));

    assertArrayEquals(new float[] {6}, device.toHost(out));
  }

  @Test
  void anEmbeddingTakesTheRowsOfItsIds() {
    Embedding layer = new Embedding(device, matrix(3, 2, 1, 2, 3, 4, 5, 6));
    FloatMatrix out = device.floats(3, 2);
    layer.forward(out, device.matrix(1, 3, new int[] {2, 0, 2}));

    assertArrayEquals(new float[] {5, 6, 1, 2, 5, 6}, device.toHost(out));
    assertArrayEquals(new float[] {3, 4}, device.toHost(layer.vector(1)));
    assertEquals(3, layer.size());
    assertEquals(2, layer.width());
  }

  @Test
  void layerNormScalesRowsToItsGainAroundItsBias() {
    LayerNorm layer = new LayerNorm(device, matrix(1, 2, 3, 1), matrix(1, 2, 0, 10), 0);
    FloatMatrix out = device.floats(1, 2);
    FloatMatrix scale = device.floats(1, 1);
    layer.forward(out, scale, matrix(1, 2, 5, 1));

    assertArrayEquals(new float[] {2}, device.toHost(scale));
    assertArrayEquals(new float[] {3, 9}, device.toHost(out));
  }

  @Test
  void weightsThatDoNotFitAreRefused() {
    assertEquals(
        "linear: bias is [1, 2]; it must be [1, 3]",
        refusal(() -> new Linear(device, device.floats(2, 3), device.floats(1, 2))));
    assertEquals(
        "layer norm: bias is [1, 2]; it must be [1, 3]",
        refusal(() -> new LayerNorm(device, device.floats(1, 3), device.floats(1, 2), 1e-5f)));
    assertEquals(
        "mlp: width of post is 4; it must be 5",
        refusal(() -> new Mlp(device, linear(3, 5), linear(4, 3))));
    assertEquals(
        "attention: 4 heads, 6 columns of q; heads must divide the columns",
        refusal(() -> attention(linear(5, 6), linear(6, 5), 4)));
    assertEquals(
        "attention: width of v is 3; it must be 6",
        refusal(() -> attention(linear(5, 3), linear(6, 5), 2)));
    assertEquals(
        "attention: width of z is 5; it must be 6",
        refusal(() -> attention(linear(5, 6), linear(5, 5), 2)));
  }

  private Attention attention(Linear value, Linear output, int heads) {
    return new Attention(device, linear(5, 6), linear(5, 6), value, output, heads);
  }

  private static String refusal(org.junit.jupiter.api.function.Executable action) {
    return Refusal.of(IllegalArgumentException.class, action);
  }
}
