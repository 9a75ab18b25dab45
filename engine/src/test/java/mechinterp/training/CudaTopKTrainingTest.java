package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.cuda.simulator.LaunchOrder;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.cuda.CudaDevice;
import mechinterp.device.cuda.CudaException;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training of a TopK autoencoder on a GPU, which is simulated, beside that on the CPU. */
final class CudaTopKTrainingTest {
  private static final int D_IN = 6;
  private static final int STEPS = 3;
  private static final int ROWS = 20;
  private static final TopKConfig SAE = new TopKConfig(D_IN, 12, 2);

  /** Some steps of this size move weights by 1e-2; sums of floats in another order, by 1e-7. */
  private static final float TOLERANCE = 2e-6f;

  private static final int UNKNOWN = 999;
  private static final int CUBLAS_INTERNAL_ERROR = 14;

  /** What a training ends with, in memory of the host. */
  private record Result(
      List<float[]> weights,
      List<StepMetrics> history,
      List<Integer> indices,
      List<Float> values) {}

  /** Latents count as dead after the first step, so that the auxiliary loss works too. */
  private static TrainConfig config() {
    return TrainConfig.defaults().toBuilder()
        .batchSize(8)
        .tokens(8L * STEPS)
        .learningRate(5e-3)
        .bDecSample(32)
        .seed(3)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(8))
        .build();
  }

  private static KnownFeatures data(Device device) {
    return new KnownFeatures(device, D_IN, 12, 2, 11);
  }

  private static Result train(Device device) {
    TrainedSae trained =
        new SaeTrainer(device, config()).train(SAE, data(device), TrainListener.none());
    return result(device, trained);
  }

  private static Result result(Device device, TrainedSae trained) {
    Sae sae = trained.sae();
    KnownFeatures fresh = data(device);
    fresh.seek(1000);
    FloatMatrix rows = device.floats(ROWS, D_IN);
    fresh.next(rows);
    SparseCodes codes = sae.newCodes(ROWS);
    sae.encode(codes, rows);
    List<float[]> weights =
        Stream.of(
                sae.weights().wEnc(), sae.weights().bEnc(),
                sae.weights().wDec(), sae.weights().bDec())
            .map(device::toHost)
            .toList();
    return new Result(
        weights,
        trained.history(),
        IntStream.of(device.toHost(codes.indices())).boxed().toList(),
        boxed(device.toHost(codes.values())));
  }

  private static List<Float> boxed(float[] values) {
    return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
  }

  private static CudaDevice open(EmulatedDriver driver) {
    return CudaDevice.open(0, driver.cuda(), driver.cublas());
  }

  private static EmulatedDriver driver(LaunchOrder order) {
    return new EmulatedDriver(SimulatedGpu.ofMebibytes(16).withOrder(order));
  }

  private static Result trainOnGpu(LaunchOrder order) {
    EmulatedDriver driver = driver(order);
    Result result;
    try (CudaDevice gpu = open(driver)) {
      result = train(gpu);
    }
    assertEquals(List.of(), driver.leaks());
    return result;
  }

  private static void assertClose(Result expected, Result found, String which) {
    for (int i = 0; i < expected.weights().size(); i++) {
      assertArrayEquals(
          expected.weights().get(i), found.weights().get(i), TOLERANCE, which + ", weights " + i);
    }
    assertEquals(expected.indices(), found.indices(), which);
    for (int i = 0; i < expected.values().size(); i++) {
      assertEquals(expected.values().get(i), found.values().get(i), 10 * TOLERANCE, which);
    }
  }

  @Test
  void aGpuTrainsToTheNumbersOfTheCpuAndTwiceToTheSameBits() {
    Result cpu = train(CpuDevice.scalar());
    Result gpu = trainOnGpu(LaunchOrder.FORWARD);

    assertClose(cpu, gpu, "GPU");
    for (int step = 0; step < STEPS; step++) {
      StepMetrics expected = cpu.history().get(step);
      StepMetrics found = gpu.history().get(step);
      assertEquals(expected.loss(), found.loss(), 1e-5 * expected.loss());
      assertEquals(expected.l0(), found.l0());
      assertEquals(expected.deadLatents(), found.deadLatents());
    }
    assertTrue(cpu.history().getLast().losses().getOrDefault("auxiliary", 0.0) > 0);

    Result again = trainOnGpu(LaunchOrder.REVERSE);
    for (int i = 0; i < gpu.weights().size(); i++) {
      assertArrayEquals(gpu.weights().get(i), again.weights().get(i), "weights " + i);
    }
    assertEquals(gpu.indices(), again.indices());
    assertEquals(gpu.values(), again.values());
    assertEquals(gpu.history(), again.history());
  }

  private static Result trainWithCheckpoints(Device device, Path folder, TrainListener listener) {
    try {
      Checkpoints checkpoints = new Checkpoints(folder, 1, 1);
      TrainedSae trained =
          new SaeTrainer(device, config()).train(SAE, data(device), listener, checkpoints);
      return result(device, trained);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Result trainWithCheckpoints(
      EmulatedDriver driver, Path folder, TrainListener listener) {
    try (CudaDevice gpu = open(driver)) {
      return trainWithCheckpoints(gpu, folder, listener);
    }
  }

  /**
   * The first call of each function fails, and the first of its calls that has to do with the
   * checkpoint of step 1 or with what follows. Then the CPU goes on from what is left.
   */
  @Test
  void whereverADriverCallFailsNothingIsLeftAndTheLastCheckpointIsWhole(@TempDir Path folder) {
    Result expected = train(CpuDevice.scalar());
    EmulatedDriver whole = driver(LaunchOrder.FORWARD);
    AtomicInteger firstStep = new AtomicInteger();
    TrainListener clock =
        new TrainListener() {
          @Override
          public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
            firstStep.compareAndSet(0, whole.calls().size());
          }
        };
    var _ = trainWithCheckpoints(whole, folder.resolve("whole"), clock);

    List<String> calls = whole.calls();
    Map<String, Integer> occurrences = new HashMap<>();
    Set<String> early = new HashSet<>();
    Set<String> late = new HashSet<>();
    for (int i = 0; i < calls.size(); i++) {
      String function = calls.get(i);
      int occurrence = occurrences.merge(function, 1, Integer::sum);
      if ((i < firstStep.get() ? early : late).add(function)) {
        fail(function, occurrence, folder.resolve(function + ", call " + occurrence), expected);
      }
    }
    assertTrue(
        late.containsAll(Set.of("cuLaunchKernel", "cuMemAllocAsync", "cublasSgemm_v2")),
        late::toString);
  }

  private static void fail(String function, int occurrence, Path folder, Result expected) {
    String which = folder.getFileName().toString();
    EmulatedDriver failing = driver(LaunchOrder.FORWARD);
    failing.fail(
        function, occurrence, function.startsWith("cublas") ? CUBLAS_INTERNAL_ERROR : UNKNOWN);
    CudaException failure =
        assertTimeoutPreemptively(
            Duration.ofSeconds(30),
            () ->
                assertThrows(
                    CudaException.class,
                    () -> trainWithCheckpoints(failing, folder, TrainListener.none()),
                    which),
            which);
    assertTrue(function.startsWith(failure.call()), which + ": " + failure.getMessage());
    assertEquals(List.of(), failing.leaks(), which);

    Result goneOn = trainWithCheckpoints(CpuDevice.scalar(), folder, TrainListener.none());
    assertClose(expected, goneOn, which);
  }
}
