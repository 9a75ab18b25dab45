package mechinterp.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.nn.Parameter;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

class AdamWTest {
  private static final AdamStep STEP = new AdamStep(0.1f, 0.9f, 0.95f, 1e-8f, 1);

  @Test
  void matricesDecayBesideTheGradient() {
    try (Device device = CpuDevice.scalar()) {
      Parameter matrix = parameter(device, 2, 0.5f);
      step(device, matrix);
      // The first step of Adam is the learning rate against the gradient's sign.
      assertEquals(1 - 0.1 * 0.2 - 0.1, device.toHost(matrix.value())[0], 1e-6);
    }
  }

  @Test
  void biasesAndGainsDoNotDecay() {
    try (Device device = CpuDevice.scalar()) {
      Parameter bias = parameter(device, 1, -0.5f);
      step(device, bias);
      assertEquals(1 + 0.1, device.toHost(bias.value())[0], 1e-6);
    }
  }

  @Test
  void clippingScalesAllGradientsToTheLimitTogether() {
    try (Device device = CpuDevice.scalar()) {
      Parameter matrix = parameter(device, 2, 3);
      Parameter bias = parameter(device, 1, 4);
      GradientClipping clipping =
          Workspace.allocate(
              "test", device, workspace -> new GradientClipping(workspace, List.of(matrix, bias)));
      double norm = clipping.norm();
      assertEquals(Math.sqrt(6 * 9 + 3 * 16), norm, 1e-9);
      clipping.clip(norm, 2 * norm);
      assertEquals(3, device.toHost(matrix.gradient())[0]);
      clipping.clip(norm, 1);
      assertEquals(1, clipping.norm(), 1e-6);
      assertEquals(4 / norm, device.toHost(bias.gradient())[2], 1e-6);
    }
  }

  private static void step(Device device, Parameter parameter) {
    AdamW optimizer =
        Workspace.allocate("test", device, workspace -> new AdamW(workspace, parameter));
    optimizer.step(STEP, 0.2);
  }

  private static Parameter parameter(Device device, int rows, float gradient) {
    FloatMatrix value = device.floats(rows, 3);
    FloatMatrix gradients = device.floats(rows, 3);
    device.kernels().fill(value, 1);
    device.kernels().fill(gradients, gradient);
    return new Parameter("p", value, gradients);
  }
}
