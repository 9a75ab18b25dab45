package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.sae.SaeConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Kinds whose number of active latents follows from a penalty reach the number that is wanted. */
class L0ControlTest {
  private static final int D_IN = 16;
  private static final int D_SAE = 48;

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  private static Stream<Arguments> runs() {
    return IntStream.of(2, 4)
        .boxed()
        .flatMap(k ->
            TrainedKinds.controlled(D_IN, D_SAE, k).stream()
                .flatMap(
                    kind -> Stream.of(Arguments.of(kind, k, 2e-3), Arguments.of(kind, k, 1e-2))));
  }

  @ParameterizedTest
  @MethodSource("runs")
  void l0OnOtherDataIsWithinTenPercentOfK(SaeConfig kind, int k, double learningRate) {
    KnownFeatures data = new KnownFeatures(device, D_IN, 24, 2, 11);
    TrainConfig config =
        TrainConfig.defaults().toBuilder()
            .batchSize(128)
            .tokens(128L * 600)
            .learningRate(learningRate)
            .bDecSample(500)
            .build();
    TrainedSae trained = new SaeTrainer(device, config).train(kind, data, TrainListener.none());
    ReconstructionMetrics metrics = heldOut(trained, data);
    assertEquals(k, metrics.l0(), 0.1 * k);
    assertTrue(metrics.fvu() < 1, "fvu " + metrics.fvu());
  }

  private ReconstructionMetrics heldOut(TrainedSae trained, KnownFeatures data) {
    SaeEvaluator evaluator = new SaeEvaluator(trained.sae(), 2000);
    FloatMatrix fresh = device.floats(2000, D_IN);
    data.next(fresh);
    evaluator.add(fresh);
    return evaluator.metrics();
  }
}
