package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.io.Refusal;
import mechinterp.metrics.ShortlistRecall;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.Selector;
import mechinterp.sae.SelectorConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.sae.objective.SaeObjective;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is distilled from an autoencoder whose latents are features that are known. */
final class SelectorTrainerTest {
  private static final int D_IN = 32;
  private static final int FEATURES = 256;
  private static final int K = 4;
  private static final int RANK = 12;
  private static final SelectorConfig CONFIG = new SelectorConfig(RANK, 6);
  private static final SelectorTrainConfig TRAIN = new SelectorTrainConfig(150, 128, 0.02, 1);

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  private static KnownFeatures data(Device device) {
    return new KnownFeatures(device, D_IN, FEATURES, K, 11);
  }

  /** Each latent is a feature's direction. */
  private static TopKSae sae(Device device) {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(D_IN, FEATURES, K));
    float[][] directions = data(device).directions();
    for (int f = 0; f < FEATURES; f++) {
      device.upload(sae.weights().wEnc().row(f), directions[f], 0);
      device.upload(sae.weights().wDec().row(f), directions[f], 0);
    }
    device.upload(sae.weights().bDec(), data(device).mean(), 0);
    sae.weightsChanged();
    return sae;
  }

  private static SelectedSae distilled(Device device, SelectorTrainConfig train) {
    return new SelectorTrainer(device, train)
        .train(sae(device), CONFIG, data(device), (_, _, _) -> {});
  }

  private double recall(SelectedSae sae) {
    KnownFeatures fresh = data(device);
    fresh.seek(1_000_000);
    FloatMatrix x = device.floats(1000, D_IN);
    fresh.next(x);
    ShortlistRecall recall = ShortlistRecall.of(sae, 1000);
    recall.add(x);
    return recall.recall();
  }

  @Test
  void learningFindsWhatTheStartMisses() {
    double start = recall(distilled(device, TRAIN.withSteps(0)));
    double learned = recall(distilled(device, TRAIN));
    assertTrue(start > 0.5, "start " + start);
    assertTrue(learned > start + 0.03, "start " + start + ", learned " + learned);
    assertTrue(learned > 0.8, "learned " + learned);
  }

  @Test
  void theLossFalls() {
    List<Double> losses = new ArrayList<>();
    var _ =
        new SelectorTrainer(device, TRAIN)
            .train(sae(device), CONFIG, data(device), (step, steps, loss) -> losses.add(loss));
    assertEquals(150, losses.size());
    double first = losses.subList(0, 10).stream().mapToDouble(each -> each).sum();
    double last = losses.subList(140, 150).stream().mapToDouble(each -> each).sum();
    assertTrue(last < 0.9 * first, first + " to " + last);
  }

  @Test
  void ofFullRankNothingIsMissed() {
    SelectedSae whole =
        new SelectorTrainer(device, TRAIN.withSteps(0))
            .train(sae(device), new SelectorConfig(D_IN, 2), data(device), (_, _, _) -> {});
    assertTrue(recall(whole) > 0.995, "recall " + recall(whole));
  }

  @Test
  void theNumberOfThreadsDoesNotChangeABit() {
    Selector expected = distilled(device, TRAIN.withSteps(5)).selector();
    try (Device one = CpuDevice.best(1);
        Device three = CpuDevice.best(3)) {
      for (Device other : List.of(one, three)) {
        Selector found = distilled(other, TRAIN.withSteps(5)).selector();
        assertArrayEquals(device.toHost(expected.projection()), other.toHost(found.projection()));
        assertArrayEquals(device.toHost(expected.levels()), other.toHost(found.levels()));
        assertArrayEquals(device.toHost(expected.scales()), other.toHost(found.scales()));
        assertArrayEquals(device.toHost(expected.bias()), other.toHost(found.bias()));
      }
    }
    Selector seeded = distilled(device, new SelectorTrainConfig(5, 128, 0.02, 2)).selector();
    assertFalse(
        Arrays.equals(device.toHost(expected.projection()), device.toHost(seeded.projection())));
  }

  @Test
  void theAutoencoderStaysAsItIs() {
    SelectedSae selected = distilled(device, TRAIN.withSteps(3));
    TopKSae before = sae(device);
    for (int i = 0; i < before.parameters().size(); i++) {
      assertArrayEquals(
          device.toHost(before.parameters().get(i).value()),
          device.toHost(selected.parameters().get(i).value()));
    }
  }

  @Test
  void whatCannotBeDistilledIsRefused() {
    SelectorTrainer trainer = new SelectorTrainer(device, TRAIN);
    Sae jumpRelu = Sae.allocate(device, new JumpReluConfig(D_IN, FEATURES));
    assertTrue(
        Refusal.of(
                IllegalArgumentException.class,
                () -> trainer.train(jumpRelu, CONFIG, data(device), (_, _, _) -> {}))
            .startsWith("architecture: is jumprelu"));
    assertEquals(
        "rank: is 33, d_in is 32; rank must be at most d_in",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                trainer.train(
                    sae(device), new SelectorConfig(33, 2), data(device), (_, _, _) -> {})));
    assertEquals(
        "steps: is -1; it must be at least 0",
        Refusal.of(IllegalArgumentException.class, () -> TRAIN.withSteps(-1)));
  }

  @Test
  void trainingRefusesAnAutoencoderWithASelector() {
    SelectedSae selected = distilled(device, TRAIN.withSteps(0));
    assertEquals(
        "selector: has rank 12; an autoencoder is trained without one, which is distilled"
            + " afterwards",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                Workspace.plan(
                    "training",
                    device,
                    workspace ->
                        SaeObjective.of(
                            workspace, selected, TrainConfig.defaults().objectiveSettings()))));
  }
}
