package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.cuda.CudaDevice;
import mechinterp.optim.AdamConfig;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.SaeConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Some steps of training on a simulated GPU give the CPU's numbers. */
class CudaTrainingTest {
  private static final int STEPS = 2;
  private static final int BATCH = 16;

  /**
   * Latents die at once, so that the auxiliary loss takes part. Adam's epsilon is large: with a
   * small one its first step moves a weight as far for a gradient that is rounding as for any
   * other, and the CPU's own kernels part after it.
   */
  private static TrainedSae train(Device device, SaeConfig sae) {
    TrainConfig config =
        TrainConfig.defaults().toBuilder()
            .batchSize(BATCH)
            .tokens((long) BATCH * STEPS)
            .learningRate(5e-3)
            .bDecSample(50)
            .seed(3)
            .adam(new AdamConfig(0.9, 0.999, 1e-2))
            .auxK(AuxKConfig.defaults().withDeadAfterTokens(BATCH))
            .build();
    KnownFeatures data = new KnownFeatures(device, sae.dIn(), 24, 2, 11);
    return new SaeTrainer(device, config).train(sae, data, TrainListener.none());
  }

  private static List<float[]> weights(Device device, TrainedSae trained) {
    return List.of(
        device.toHost(trained.sae().weights().wEnc()),
        device.toHost(trained.sae().weights().bEnc()),
        device.toHost(trained.sae().weights().wDec()),
        device.toHost(trained.sae().weights().bDec()));
  }

  static List<SaeConfig> kinds() {
    return TrainedKinds.all();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void eachKindTrainsAsOnTheCpu(SaeConfig sae) {
    EmulatedDriver driver = new EmulatedDriver(SimulatedGpu.ofMebibytes(64));
    Device cpu = CpuDevice.scalar();
    TrainedSae expected = train(cpu, sae);
    try (Device gpu = CudaDevice.open(0, driver.cuda(), driver.cublas())) {
      TrainedSae found = train(gpu, sae);
      for (int step = 0; step < expected.history().size(); step++) {
        StepMetrics there = found.history().get(step);
        StepMetrics here = expected.history().get(step);
        assertEquals(here.fvu(), there.fvu(), 1e-4 * (1 + Math.abs(here.fvu())), "fvu");
        assertEquals(here.l0(), there.l0(), 1e-9, "l0");
      }
      List<float[]> onGpu = weights(gpu, found);
      List<float[]> onCpu = weights(cpu, expected);
      for (int i = 0; i < onCpu.size(); i++) {
        assertArrayEquals(onCpu.get(i), onGpu.get(i), 2e-4f, "weights " + i);
      }
    }
    assertEquals(List.of(), driver.leaks());
  }
}
