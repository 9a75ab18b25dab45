package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TopKConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several autoencoders in one pass over the data. */
final class SaeSweepTest {
  private static final int D_IN = 16;

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

  /** Other kinds, sizes, seeds, rates, lengths and settings that keep a state of their own. */
  private static List<SweepMember> members() {
    TrainConfig resampled =
        config(12).toBuilder()
            .seed(9)
            .learningRate(1e-3)
            .resample(new ResampleConfig(List.of(0.5), 100, 0.7))
            .build();
    return List.of(
        new SweepMember("topk", new TopKConfig(D_IN, 120, 3), config(12)),
        new SweepMember("wide.resampled", new TopKConfig(D_IN, 200, 2), resampled),
        new SweepMember(
            "batchtopk-short",
            new BatchTopKConfig(D_IN, 40, 2),
            config(7).toBuilder().emaDecay(0.7).maxGradientNorm(0.4).build()));
  }

  private KnownFeatures data() {
    return new KnownFeatures(device, D_IN, 24, 2, 11);
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

  private void assertAsAlone(SweepResult result) {
    for (SweepMember member : members()) {
      TrainedSae alone =
          new SaeTrainer(device, member.train()).train(member.sae(), data(), TrainListener.none());
      assertSameBits(alone, Objects.requireNonNull(result.trained().get(member.name())));
    }
  }

  @Test
  void eachMemberEndsWithTheBitsThatItHasAlone() {
    SweepResult result = new SaeSweep(device, members()).train(data(), SweepListener.none());
    assertAsAlone(result);
    assertTrue(result.failed().isEmpty());
  }

  /** Of the columns of two hook points and of both together. */
  @Test
  void membersOfSomeColumnsHaveTheBitsThatTheyHaveOnThoseAlone() {
    KnownFeatures narrow = new KnownFeatures(device, 7, 12, 2, 5);
    TrainConfig resampled = members().get(1).train();
    List<SweepMember> parts =
        List.of(
            new SweepMember("last", Optional.of(7), new TopKConfig(D_IN, 120, 3), resampled),
            new SweepMember("first", Optional.of(0), new BatchTopKConfig(7, 40, 2), config(9)),
            new SweepMember("all", new TopKConfig(7 + D_IN, 40, 2), config(4)));
    SweepResult result =
        new SaeSweep(device, parts).train(new Beside(device, narrow, data()), SweepListener.none());
    assertSameBits(
        new SaeTrainer(device, resampled).train(parts.get(0).sae(), data(), TrainListener.none()),
        Objects.requireNonNull(result.trained().get("last")));
    KnownFeatures again = new KnownFeatures(device, 7, 12, 2, 5);
    assertSameBits(
        new SaeTrainer(device, config(9)).train(parts.get(1).sae(), again, TrainListener.none()),
        Objects.requireNonNull(result.trained().get("first")));
    assertEquals(4, Objects.requireNonNull(result.trained().get("all")).history().size());

    SweepMember outside =
        new SweepMember("far", Optional.of(8), new TopKConfig(D_IN, 40, 2), config(4));
    assertEquals(
        "far: has columns 8 to 23, the activations are 23 wide; they must be among those",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new SaeSweep(device, List.of(outside)).plan(7 + D_IN)));
  }

  /** The activations of two hook points side by side. */
  private record Beside(Device device, KnownFeatures left, KnownFeatures right)
      implements ActivationBatches {
    @Override
    public int dIn() {
      return left.dIn() + right.dIn();
    }

    @Override
    public void next(FloatMatrix batch) {
      FloatMatrix first = device.floats(batch.rows(), left.dIn());
      FloatMatrix second = device.floats(batch.rows(), right.dIn());
      left.next(first);
      right.next(second);
      device.kernels().copy(batch.columnRange(0, left.dIn()), first);
      device.kernels().copy(batch.columnRange(left.dIn(), dIn()), second);
    }

    @Override
    public String identity() {
      return left.identity() + " and " + right.identity();
    }

    @Override
    public long position() {
      return left.position();
    }

    @Override
    public void seek(long position) {
      left.seek(position);
      right.seek(position);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 8, 12})
  void soDoTheyWhenTheSweepWasKilledAndGoesOn(int killedAt) throws IOException {
    SaeSweep sweep = new SaeSweep(device, members());
    SweepListener killer =
        new SweepListener() {
          @Override
          public void step(int step, int steps, SweepStep metrics, double tokensPerSecond) {
            if (step == killedAt) {
              throw new IllegalStateException("killed");
            }
          }
        };
    Checkpoints checkpoints = new Checkpoints(folder, 2, 2);
    assertThrows(IllegalStateException.class, () -> sweep.train(data(), killer, checkpoints));
    assertAsAlone(sweep.train(data(), SweepListener.none(), checkpoints));
  }

  @Test
  void aMemberThatDivergesEndsAlone() throws IOException {
    List<SweepMember> members = new ArrayList<>(members());
    TrainConfig wild = config(12).toBuilder().learningRate(1e30).warmUpFraction(0).build();
    members.add(new SweepMember("wild", new TopKConfig(D_IN, 40, 2), wild));
    List<String> failures = new ArrayList<>();
    SweepListener listener =
        new SweepListener() {
          @Override
          public void failed(String member, String reason) {
            failures.add(member + ": " + reason);
          }
        };
    SaeSweep sweep = new SaeSweep(device, members);
    SweepResult result = sweep.train(data(), listener, new Checkpoints(folder, 5, 2));
    assertAsAlone(result);
    assertEquals(Set.of("wild"), result.failed().keySet());
    assertEquals(1, failures.size());
    assertTrue(failures.getFirst().startsWith("wild: training: step "), failures.getFirst());

    SweepResult again = sweep.train(data(), listener, new Checkpoints(folder, 5, 2));
    assertEquals(Set.of("wild"), again.failed().keySet());
    assertAsAlone(again);

    SaeSweep alone = new SaeSweep(device, members.subList(3, 4));
    assertThrows(TrainingException.class, () -> alone.train(data(), SweepListener.none()));
  }

  @Test
  void membersThatCannotBeTrainedTogetherAreRefused() {
    SweepMember first = members().getFirst();
    assertEquals(
        "members: are none; there must be at least one",
        Refusal.of(IllegalArgumentException.class, () -> new SaeSweep(device, List.of())));
    assertEquals(
        "members: are named [topk, topk]; names must differ",
        Refusal.of(
            IllegalArgumentException.class, () -> new SaeSweep(device, List.of(first, first))));
    SweepMember other =
        new SweepMember("b", first.sae(), config(3).toBuilder().batchSize(65).build());
    assertEquals(
        "b: batch_size is 65, that of topk is 64; they must be equal",
        Refusal.of(
            IllegalArgumentException.class, () -> new SaeSweep(device, List.of(first, other))));
    assertEquals(
        "name: is \"../x\"; it must consist of letters, digits, dots, hyphens and underscores and"
            + " not begin with a dot",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new SweepMember("../x", first.sae(), first.train())));
  }

  @Test
  void thePlanHasThePartsOfEachMemberAndOneBatch() {
    SaeSweep sweep = new SaeSweep(device, members());
    var bytes = sweep.plan(D_IN).bytes();
    assertEquals(4L * 64 * D_IN, bytes.get("batch"));
    assertEquals(4L * 200 * D_IN, bytes.get("wide.resampled/W_enc first moment"));
    assertTrue(bytes.containsKey("batchtopk-short/W_dec average"));
    long weights = 0;
    for (int dSae : new int[] {120, 200, 40}) {
      weights += 4L * (2 * dSae * D_IN + dSae + D_IN);
    }
    assertEquals(weights, sweep.weightBytes(D_IN));
    assertEquals(3 * weights + 4L * (2 * 40 * D_IN + 40 + D_IN), sweep.stateBytes(D_IN));
  }
}
