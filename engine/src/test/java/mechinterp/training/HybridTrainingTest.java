package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.OpaqueDevice;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.InferenceCodes;
import mechinterp.sae.Prefix;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TopKConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hybrid under the trainer of all kinds. */
final class HybridTrainingTest {
  private static final int D_IN = 16;
  private static final HybridSaeConfig SAE = HybridSaeConfig.of(D_IN, 120, 3);

  @TempDir private Path folder;
  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  private static TrainConfig config(int steps) {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * steps)
        .learningRate(5e-3)
        .bDecSample(500)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(192))
        .build();
  }

  private static KnownFeatures data(Device device) {
    return new KnownFeatures(device, D_IN, 24, 3, 11);
  }

  private TrainedSae train(SaeConfig sae, int steps) {
    return train(device, sae, steps);
  }

  private static TrainedSae train(Device device, SaeConfig sae, int steps) {
    return new SaeTrainer(device, config(steps)).train(sae, data(device), TrainListener.none());
  }

  private void assertSameBits(TrainedSae expected, TrainedSae found) {
    assertEquals(expected.history(), found.history());
    assertSameWeights(expected.sae(), device, found.sae());
  }

  private void assertSameWeights(Sae expected, Device other, Sae found) {
    List<SaeParameter> parameters = expected.parameters();
    for (int i = 0; i < parameters.size(); i++) {
      assertArrayEquals(
          device.toHost(parameters.get(i).value()),
          other.toHost(found.parameters().get(i).value()),
          parameters.get(i).name());
    }
  }

  @Test
  void withoutPrefixesAndFixedPointsItIsTopKBitForBit() {
    HybridSaeConfig plain =
        SAE.withPrefixes(List.of(new Prefix(120, 1)))
            .withFixedPoint(0, 1)
            .withCodes(InferenceCodes.FAST);
    TrainedSae topK = train(new TopKConfig(D_IN, 120, 3), 15);
    assertTrue(topK.history().getLast().losses().getOrDefault("auxiliary", 0.0) > 0);
    assertSameBits(topK, train(plain, 15));
  }

  @Test
  void eachPartChangesTheWeights() {
    Sae all = train(SAE, 6).sae();
    List<HybridSaeConfig> others =
        List.of(
            SAE.withFixedPoint(0, 1),
            SAE.withFixedPoint(0.1, 1),
            SAE.withFixedPoint(0.3, 1),
            SAE.withPrefixes(List.of(new Prefix(60, 0.5), new Prefix(120, 0.5))),
            SAE.withPursuit(2, 3, 1.5),
            SAE.withPursuit(4, 1, 1.5),
            SAE.withPursuit(4, 3, 1));
    for (HybridSaeConfig other : others) {
      assertFalse(
          Arrays.equals(
              device.toHost(all.weights().wEnc()),
              device.toHost(train(other, 6).sae().weights().wEnc())),
          other.toString());
    }
  }

  @Test
  void itExplainsMoreThanTopKAndItsEncoderLearnsFromThePursuit() {
    double topK = fvu(train(new TopKConfig(D_IN, 40, 3), 400).sae());
    HybridSae full = (HybridSae) train(HybridSaeConfig.of(D_IN, 40, 3), 400).sae();
    Sae fast = HybridSae.withWeightsOf(full, full.config().withCodes(InferenceCodes.FAST));
    Sae nested =
        train(full.config().withFixedPoint(0, 1).withCodes(InferenceCodes.FAST), 400).sae();

    assertTrue(fvu(full) < 0.8 * topK, fvu(full) + " against TopK's " + topK);
    assertTrue(fvu(full) < fvu(fast));
    assertTrue(fvu(fast) < fvu(nested), fvu(fast) + " without fixed points " + fvu(nested));
  }

  private double fvu(Sae sae) {
    KnownFeatures data = data(device);
    data.seek(1_000_000);
    FloatMatrix fresh = device.floats(2000, D_IN);
    data.next(fresh);
    SaeEvaluator evaluator = new SaeEvaluator(sae, 2000);
    evaluator.add(fresh);
    return evaluator.metrics().fvu();
  }

  @Test
  void theNumberOfThreadsDoesNotChangeABit() {
    HybridSaeConfig part = SAE.withFixedPoint(0.3, 0.3);
    try (Device one = CpuDevice.best(1);
        Device three = CpuDevice.best(3)) {
      for (HybridSaeConfig sae : List.of(SAE, part)) {
        TrainedSae expected = train(sae, 12);
        for (Device other : List.of(one, three)) {
          TrainedSae found = train(other, sae, 12);
          assertEquals(expected.history(), found.history());
          assertSameWeights(expected.sae(), other, found.sae());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 10, 11})
  void aKilledRunThatGoesOnEndsWithTheBitsOfOneThatWasNeverInterrupted(int killedAt)
      throws IOException {
    TrainedSae whole = train(SAE, 11);
    assertTrue(whole.history().getLast().losses().getOrDefault("fixed_point", 0.0) > 0);
    TrainListener killer =
        new TrainListener() {
          @Override
          public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
            if (metrics.step() == killedAt) {
              throw new IllegalStateException("killed");
            }
          }
        };
    assertThrows(IllegalStateException.class, () -> resumable(killer));
    assertSameBits(whole, resumable(TrainListener.none()));
  }

  private TrainedSae resumable(TrainListener listener) throws IOException {
    return new SaeTrainer(device, config(11))
        .train(SAE, data(device), listener, new Checkpoints(folder, 2, 2));
  }

  @Test
  void aStepAllocatesNothingAndThePlanIsWhatIsAllocated() {
    OpaqueDevice opaque = new OpaqueDevice();
    List<MemoryPlan> plans = new ArrayList<>();
    List<Long> allocated = new ArrayList<>();
    TrainListener listener =
        new TrainListener() {
          private long before;

          @Override
          public void planned(MemoryPlan plan) {
            plans.add(plan);
            before = opaque.allocatedBytes();
          }

          @Override
          public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
            allocated.add(opaque.allocatedBytes() - before);
          }
        };
    TrainConfig config =
        config(5).toBuilder()
            .bDecInit(DecoderBiasInit.ZERO)
            .bDecSample(TrainConfig.defaults().bDecSample())
            .build();
    new SaeTrainer(opaque, config).train(SAE, data(opaque), listener);
    assertEquals(5, allocated.size());
    for (long bytes : allocated) {
      assertEquals(plans.getFirst().total(), bytes);
    }
  }
}
