package mechinterp.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

class AdamTest {
  private final Device device = CpuDevice.scalar();

  /** Follows algorithm 1 of Kingma and Ba in double precision. */
  @Test
  void severalStepsAreThoseOfThePaper() {
    FloatMatrix parameter = device.matrix(1, 1, new float[] {0.3f});
    Adam adam = Workspace.allocate("test", device, w -> new Adam(w, "p", parameter));
    AdamConfig config = new AdamConfig(0.8, 0.95, 1e-3);
    double p = 0.3f;
    double m = 0;
    double v = 0;
    for (int step = 1; step <= 5; step++) {
      double gradient = (float) (1.0 / step - 0.4);
      m = 0.8 * m + 0.2 * gradient;
      v = 0.95 * v + 0.05 * gradient * gradient;
      double corrected = m / (1 - Math.pow(0.8, step));
      p -= 0.1 * corrected / (Math.sqrt(v / (1 - Math.pow(0.95, step))) + 1e-3);
      adam.step(device.matrix(1, 1, new float[] {(float) gradient}), config.at(step, 0.1));
      assertEquals(p, device.toHost(parameter)[0], 1e-5, "step " + step);
    }
  }

  @Test
  void settingsOutOfRangeAreRefusedByTheirField() {
    IllegalArgumentException beta =
        assertThrows(IllegalArgumentException.class, () -> new AdamConfig(0.9, 1, 1e-8));
    assertEquals("beta2: is 1.0; it must be at least 0 and less than 1", beta.getMessage());
    IllegalArgumentException epsilon =
        assertThrows(IllegalArgumentException.class, () -> new AdamConfig(0.9, 0.99, 0));
    assertEquals("epsilon: is 0.0; it must be more than 0 and less than 1", epsilon.getMessage());
  }
}
