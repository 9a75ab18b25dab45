package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FolderTree;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.optim.LearningRateDecay;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.objective.KScheduleConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training that stops at any step and goes on from its newest checkpoint. */
final class SaeCheckpointsTest {
  private static final TopKConfig SAE = new TopKConfig(16, 120, 3);

  @TempDir private Path folder;
  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  /** Settings that keep more state than the parameters and their moments. */
  private static TrainConfig withAll() {
    return config().toBuilder()
        .decay(LearningRateDecay.COSINE)
        .maxGradientNorm(0.5)
        .emaDecay(0.8)
        .kSchedule(new KScheduleConfig(11, 0.6))
        .resample(new ResampleConfig(List.of(0.4, 0.7), 100, 0.7))
        .build();
  }

  private static TrainConfig config() {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * 11)
        .learningRate(5e-3)
        .bDecSample(500)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(192))
        .build();
  }

  private static KnownFeatures data(Device device, long seed) {
    return new KnownFeatures(device, SAE.dIn(), 24, 2, seed);
  }

  private TrainedSae go(TrainConfig config, long seed, TrainListener listener) throws IOException {
    return new SaeTrainer(device, config)
        .train(SAE, data(device, seed), listener, new Checkpoints(folder, 2, 2));
  }

  private TrainedSae go() throws IOException {
    return go(config(), 11, TrainListener.none());
  }

  private static TrainListener killer(int atStep) {
    return new TrainListener() {
      @Override
      public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
        if (metrics.step() == atStep) {
          throw new IllegalStateException("killed");
        }
      }
    };
  }

  private void assertSameBits(TrainedSae expected, TrainedSae found) {
    assertEquals(expected.history(), found.history());
    List<SaeParameter> parameters = expected.sae().parameters();
    for (int i = 0; i < parameters.size(); i++) {
      assertArrayEquals(
          device.toHost(parameters.get(i).value()),
          device.toHost(found.sae().parameters().get(i).value()),
          parameters.get(i).name());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 10, 11})
  void soDoesOneWithAllSettings(int killedAt) throws IOException {
    TrainedSae whole =
        new SaeTrainer(device, withAll()).train(SAE, data(device, 11), TrainListener.none());
    assertNotEquals(whole.history(), go(config(), 11, TrainListener.none()).history());
    FolderTree.delete(folder);
    assertThrows(IllegalStateException.class, () -> go(withAll(), 11, killer(killedAt)));
    assertSameBits(whole, go(withAll(), 11, TrainListener.none()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 10, 11})
  void aKilledRunThatGoesOnEndsWithTheBitsOfOneThatWasNeverInterrupted(int killedAt)
      throws IOException {
    TrainedSae whole =
        new SaeTrainer(device, config()).train(SAE, data(device, 11), TrainListener.none());
    assertTrue(
        whole.history().getLast().losses().getOrDefault("auxiliary", 0.0) > 0,
        "the auxiliary loss must be active");

    assertThrows(IllegalStateException.class, () -> go(config(), 11, killer(killedAt)));
    assertSameBits(whole, go());
  }

  @ParameterizedTest
  @MethodSource("mechinterp.training.TrainedKinds#all")
  void runsOfEveryKindGoOnWithTheSameBits(SaeConfig kind) throws IOException {
    TrainedSae whole =
        new SaeTrainer(device, config()).train(kind, data(device, 11), TrainListener.none());
    SaeTrainer trainer = new SaeTrainer(device, config());
    Checkpoints checkpoints = new Checkpoints(folder, 2, 2);
    assertThrows(
        IllegalStateException.class,
        () -> trainer.train(kind, data(device, 11), killer(7), checkpoints));
    assertSameBits(whole, trainer.train(kind, data(device, 11), TrainListener.none(), checkpoints));
  }

  /** Killed after the last checkpoint and before the final files: thresholds are no parameters. */
  @ParameterizedTest
  @MethodSource("mechinterp.training.TrainedKinds#all")
  void finishedRunsOfEveryKindAreReadWithAllThatTheyLearned(SaeConfig kind) throws IOException {
    SaeTrainer trainer = new SaeTrainer(device, config());
    Checkpoints checkpoints = new Checkpoints(folder, 2, 2);
    TrainListener none = TrainListener.none();
    float[] codes = codes(trainer.train(kind, data(device, 11), none, checkpoints).sae());
    assertArrayEquals(codes, codes(trainer.train(kind, data(device, 11), none, checkpoints).sae()));
  }

  private float[] codes(Sae sae) {
    FloatMatrix x = device.floats(50, SAE.dIn());
    data(device, 12).next(x);
    SparseCodes codes = sae.newCodes(50);
    sae.encode(codes, x);
    FloatMatrix decoded = device.floats(50, SAE.dIn());
    sae.decode(decoded, codes);
    return device.toHost(decoded);
  }

  @Test
  void aFinishedRunIsReadAndNotTrainedAgain() throws IOException {
    TrainedSae whole = go();
    List<Integer> steps = new ArrayList<>();
    TrainedSae again =
        go(
            config(),
            11,
            new TrainListener() {
              @Override
              public void step(StepMetrics metrics, int all, double tokensPerSecond) {
                steps.add(metrics.step());
              }
            });

    assertEquals(List.of(), steps);
    assertSameBits(whole, again);
  }

  @Test
  void aCheckpointOfAnotherRunIsRefusedByWhatDiffers() throws IOException {
    var _ = go();
    TrainConfig other = config().toBuilder().auxK(config().auxK().withAlpha(0.25)).build();

    assertEquals(
        folder.resolve("step-11")
            + ": settings.train.aux_k.alpha is 0.03125 in the checkpoint, 0.25 now; they must be"
            + " equal to go on",
        Refusal.of(IllegalArgumentException.class, () -> go(other, 11, TrainListener.none())));
    assertEquals(
        folder.resolve("step-11")
            + ": data is 24 known features of seed 11 in the checkpoint, 24 known features of seed"
            + " 12 now; they must be equal to go on",
        Refusal.of(IllegalArgumentException.class, () -> go(config(), 12, TrainListener.none())));
  }

  @Test
  void aDamagedStateIsRefusedByItsFile() throws IOException {
    var _ = go();
    Path state = folder.resolve("step-11").resolve("state.safetensors");
    byte[] bytes = Files.readAllBytes(state);
    bytes[bytes.length - 5] ^= 1;
    Files.write(state, bytes);

    assertTrue(Refusal.of(FormatException.class, this::go).startsWith(state + ": has checksum "));
  }
}
