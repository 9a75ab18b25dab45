package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.OpaqueDevice;
import mechinterp.device.cuda.CudaDevice;
import mechinterp.nn.Parameter;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models on other devices, and what runs allocate. */
final class TransformerDeviceTest {
  private final TokenBatch batch =
      TokenBatch.ofIds(List.of(new int[] {2, 12, 5, 7, 3}, new int[] {4}, new int[] {8, 8, 15}));

  private static FloatMatrix random(Device device, FloatMatrix like) {
    float[] numbers = new float[Math.toIntExact(like.size())];
    RandomStream.of(7, "loss").fillGaussian(numbers, 0, 1);
    return device.matrix(like.rows(), like.cols(), numbers);
  }

  /** The output and all gradients of a model, one after the other. */
  private List<float[]> everything(TransformerConfig config, Device device) {
    Transformer model = TinyModels.trainable(config, device);
    Set<HookPoint> everywhere = Set.copyOf(model.hookPoints());
    try (GradientRun run = model.runForGradients(batch, everywhere, Map.of())) {
      Activations gradients = run.backward(random(device, run.output()), everywhere, Map.of());
      return Stream.of(
              Stream.of(run.output()),
              model.hookPoints().stream().map(run::at),
              model.hookPoints().stream().map(gradients::at),
              model.parameters().stream().map(Parameter::gradient))
          .flatMap(matrices -> matrices)
          .map(device::toHost)
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aDeviceWhoseMemoryCannotBeReadGivesTheBitsOfTheCpu(TransformerConfig config) {
    List<float[]> expected = everything(config, CpuDevice.scalar());
    List<float[]> found = everything(config, new OpaqueDevice());

    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), found.get(i));
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void vectorKernelsGoThereAndBackLikeTheScalarOnes(TransformerConfig config) {
    try (Device two = CpuDevice.vector(2)) {
      List<float[]> expected = everything(config, CpuDevice.scalar());
      List<float[]> found = everything(config, two);
      for (int i = 0; i < expected.size(); i++) {
        assertClose(expected.get(i), found.get(i));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aSimulatedGpuGoesThereAndBackLikeTheCpu(TransformerConfig config) {
    EmulatedDriver driver = new EmulatedDriver(SimulatedGpu.ofMebibytes(64));
    List<float[]> expected = everything(config, CpuDevice.scalar());
    try (Device gpu = CudaDevice.open(0, driver.cuda(), driver.cublas())) {
      List<float[]> found = everything(config, gpu);
      for (int i = 0; i < expected.size(); i++) {
        assertClose(expected.get(i), found.get(i));
      }
    }
    assertEquals(List.of(), driver.leaks());
  }

  private static void assertClose(float[] expected, float[] found) {
    double norm = 0;
    for (float value : expected) {
      norm += Float.isFinite(value) ? (double) value * value : 0;
    }
    assertArrayEquals(expected, found, (float) (1e-4 * Math.max(1, Math.sqrt(norm))));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aRunAllocatesItsPlanOnceAndWhatItReturns(TransformerConfig config) {
    OpaqueDevice device = new OpaqueDevice();
    Transformer model = TinyModels.frozen(config, device);
    long returned = 4L * batch.tokens() * config.dModel();
    long input = 4L * (2 * batch.tokens() + 4 * batch.sequences());

    assertEquals(
        model.memoryPlan(batch.tokens()).total() + returned + input,
        allocated(device, () -> model.run(batch)));
    assertEquals(returned + input, allocated(device, () -> model.run(batch)));
    assertEquals(
        model.gradientMemoryPlan(batch.tokens()).total() + 2 * returned + input,
        allocated(device, () -> backward(model)));
    assertEquals(2 * returned + input, allocated(device, () -> backward(model)));
  }

  private void backward(Transformer model) {
    try (GradientRun run = model.runForGradients(batch)) {
      run.backward(random(model.device(), run.output()));
    }
  }

  private static long allocated(OpaqueDevice device, Runnable action) {
    long before = device.allocatedBytes();
    action.run();
    return device.allocatedBytes() - before;
  }
}
