package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;

/** Holds activations of a run against those of {@link NaiveTransformer}. */
public final class Agreement {
  private final TransformerConfig config;
  private final Weights weights;
  private final Device device;
  private final double tolerance;

  /** Makes the comparison for a model; the tolerance is relative, and absolute below 1. */
  public Agreement(TransformerConfig config, Weights weights, Device device, double tolerance) {
    this.config = config;
    this.weights = weights;
    this.device = device;
    this.tolerance = tolerance;
  }

  /** An edit that every activation bears: x / 2 + 0.3. */
  public static Edit halved(Device device) {
    return (activation, batch) -> {
      Kernels kernels = device.kernels();
      FloatMatrix row = device.floats(1, activation.cols());
      kernels.fill(row, 0.3f);
      kernels.scale(activation, activation, 0.5f);
      kernels.addRow(activation, activation, row, 1);
    };
  }

  /** The same for doubles. */
  public static void halve(double[][] activation) {
    for (double[] row : activation) {
      for (int j = 0; j < row.length; j++) {
        row[j] = row[j] / 2 + 0.3f;
      }
    }
  }

  /** Asserts that every activation of the formulas was captured and agrees, and the output. */
  public void assertAll(Activations found, List<int[]> sequences, NaiveTransformer.Editor editor) {
    TokenBatch batch = TokenBatch.ofIds(sequences);
    for (int s = 0; s < batch.sequences(); s++) {
      Map<String, double[][]> expected =
          NaiveTransformer.run(config, weights, sequences.get(s), editor);
      expected.remove("logits");
      for (Map.Entry<String, double[][]> entry : expected.entrySet()) {
        boolean output = entry.getKey().equals("output");
        FloatMatrix all = output ? found.output() : found.at(HookPoint.parse(entry.getKey()));
        assertRows(entry.getKey(), entry.getValue(), all.rowRange(batch.start(s), batch.end(s)));
      }
    }
  }

  /** Asserts that rows agree. */
  public void assertRows(String name, double[][] expected, FloatMatrix rows) {
    assertEquals(expected.length, rows.rows(), name);
    boolean perKey = name.endsWith("hook_pattern") || name.endsWith("hook_attn_scores");
    int columns = perKey ? rows.cols() / config.nHeads() : rows.cols();
    int used = perKey ? expected.length : rows.cols();
    float[] found = device.toHost(rows);
    for (int i = 0; i < found.length; i++) {
      int row = i / rows.cols();
      int col = i % rows.cols();
      if (col % columns < used) {
        double wanted = expected[row][col / columns * used + col % columns];
        assertClose(name + "[" + row + ", " + col + "]", wanted, found[i]);
      }
    }
  }

  private void assertClose(String place, double wanted, float found) {
    boolean close = Math.abs(wanted - found) <= tolerance * Math.max(1, Math.abs(wanted));
    assertTrue(close || wanted == found, () -> place + ": expected " + wanted + ", found " + found);
  }
}
