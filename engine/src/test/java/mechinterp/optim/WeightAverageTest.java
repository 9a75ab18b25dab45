package mechinterp.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

class WeightAverageTest {
  private final Device device = CpuDevice.scalar();

  @Test
  void isTheWeightedMeanOfTheStepsWithoutTheInitialWeights() {
    FloatMatrix parameter = device.matrix(1, 1, new float[] {1000});
    WeightAverage average =
        Workspace.allocate("test", device, w -> new WeightAverage(w, "p", parameter, 0.75));
    double sum = 0;
    double weights = 0;
    for (int step = 1; step <= 6; step++) {
      float value = step * step;
      device.upload(parameter, new float[] {value}, 0);
      average.add(step);
      sum = 0.75 * sum + value;
      weights = 0.75 * weights + 1;
      assertEquals(sum / weights, device.toHost(average.average())[0], 1e-5, "step " + step);
    }
    assertEquals(36, device.toHost(parameter)[0]);
    average.use();
    assertEquals(sum / weights, device.toHost(parameter)[0], 1e-5);
  }
}
