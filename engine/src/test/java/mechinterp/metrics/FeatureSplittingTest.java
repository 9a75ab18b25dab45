package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Four features, the axes of a space of four. */
class FeatureSplittingTest {
  private final Device device = CpuDevice.best(1);

  @AfterEach
  void close() {
    device.close();
  }

  private FeatureSplitting of(float[]... rows) {
    FloatMatrix directions =
        device.matrix(4, 4, new float[] {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1});
    float[] all = new float[rows.length * 4];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, all, 4 * i, 4);
    }
    return new FeatureSplitting(device, device.matrix(rows.length, 4, all), directions);
  }

  private static FeatureSplitting.Result active(FeatureSplitting splitting, int... latents) {
    splitting.add(latents, new int[] {latents.length}, latents.length);
    return splitting.result();
  }

  private static float[] axis(int i) {
    float[] row = new float[4];
    row[i] = 2;
    return row;
  }

  @Test
  void theTrueFeaturesAreNeitherSplitNorMerged() {
    FeatureSplitting.Result result = active(of(axis(0), axis(1), axis(2), axis(3)), 0, 1, 2, 3);
    assertEquals(new FeatureSplitting.Result(0, 0), result);
  }

  @Test
  void copiesSplitAndSumsMerge() {
    float[] sum = {1, 1, 0, 0};
    FeatureSplitting.Result result = active(of(axis(2), axis(2), sum, axis(3)), 0, 1, 2, 3);
    assertEquals(1.0 / 4, result.split(), 1e-9, "of features 0, 1, 2 and 3 feature 2 is split");
    assertEquals(1.0 / 4, result.merged(), 1e-9, "of four latents the sum is merged");
  }

  /** A copy that is never active splits nothing. */
  @Test
  void deadLatentsHaveNoFeature() {
    assertEquals(0, active(of(axis(2), axis(2), axis(3)), 0, 2).split());
    FeatureSplitting.Result nothing = active(of(axis(0)));
    assertTrue(Double.isNaN(nothing.split()) && Double.isNaN(nothing.merged()));
  }
}
