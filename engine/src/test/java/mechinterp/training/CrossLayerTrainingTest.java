package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationBatches;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.JumpReluCrossLayerTranscoderConfig;
import mechinterp.sae.LatentBlock;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cross-layer transcoder of three layers on activations that share known features. */
class CrossLayerTrainingTest {
  private static final int LAYERS = 3;
  private static final int D_MODEL = 8;
  private static final int WIDTH = LAYERS * D_MODEL;
  private static final int TOKENS = 4000;
  private static final CrossLayerTranscoderConfig KIND =
      new CrossLayerTranscoderConfig(LAYERS, D_MODEL, 120, 3);

  @TempDir private Path folder;
  private final Device device = CpuDevice.scalar();

  private static TrainConfig config(int steps) {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * steps)
        .learningRate(5e-3)
        .bDecSample(500)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(192))
        .build();
  }

  private static ActivationStore data() {
    Device host = CpuDevice.scalar();
    FloatMatrix rows = host.floats(TOKENS, 2 * WIDTH);
    new KnownFeatures(host, 2 * WIDTH, 24, 2, 11).next(rows);
    List<Site> sites = new ArrayList<>();
    for (String site : List.of("hook_mlp_in", "hook_mlp_out")) {
      for (int layer = 0; layer < LAYERS; layer++) {
        String hook = "blocks.%d.%s".formatted(layer, site);
        sites.add(new Site(hook, D_MODEL, Normalization.NONE));
      }
    }
    return ActivationStore.inMemory(sites, host.toHost(rows));
  }

  private static ActivationBatches batches(Device device) {
    return data().shuffled(device, 5);
  }

  private TrainedSae train(int steps) {
    return new SaeTrainer(device, config(steps)).train(KIND, batches(device), TrainListener.none());
  }

  private FloatMatrix fresh(ActivationStore store, int tokens) {
    FloatMatrix rows = device.floats(tokens, 2 * WIDTH);
    store.shuffled(device, 8).next(rows);
    return rows;
  }

  /** A layer sees 8 of the 48 numbers of two features: it cannot tell all of them. */
  @Test
  void theOutputsAreMadeOfTheInputsFeatures() {
    TrainedSae trained = train(500);
    SaeEvaluator evaluator = new SaeEvaluator(trained.sae(), 1000);
    evaluator.add(fresh(data(), 1000));
    assertTrue(evaluator.metrics().fvu() < 0.45, "fvu " + evaluator.metrics().fvu());
    assertEquals(3, trained.history().getLast().l0(), 1e-9);
    assertEquals(3, evaluator.metrics().l0(), 0.5);
  }

  /** Thresholds of their own, which files of circuit-tracer have. */
  @Test
  void withJumpReluTheyAreMadeToo() throws IOException {
    JumpReluCrossLayerTranscoderConfig kind =
        JumpReluCrossLayerTranscoderConfig.of(LAYERS, D_MODEL, 120, 3);
    Sae sae =
        new SaeTrainer(device, config(500))
            .train(kind, batches(device), TrainListener.none())
            .sae();
    SaeEvaluator evaluator = new SaeEvaluator(sae, 1000);
    evaluator.add(fresh(data(), 1000));
    assertTrue(evaluator.metrics().fvu() < 0.6, "fvu " + evaluator.metrics().fvu());
    assertEquals(3, evaluator.metrics().l0(), 1);
    SaeFiles.save(sae, folder.resolve("clt"), new SaeMetadata(Map.of()));
    CrossLayerTranscoder loaded =
        CrossLayerTranscoderFiles.load(folder.resolve("clt"), device).transcoder();
    float[] thresholds = device.toHost(((ThresholdSae) sae).thresholds());
    for (int layer = 0; layer < LAYERS; layer++) {
      assertArrayEquals(
          Arrays.copyOfRange(thresholds, 40 * layer, 40 * (layer + 1)),
          device.toHost(loaded.layer(layer).thresholds()));
    }
    assertTrue(IntStream.range(1, 120).anyMatch(i -> thresholds[i] != thresholds[0]));
    SaeEvaluator again = new SaeEvaluator(loaded, 1000);
    again.add(fresh(data(), 1000));
    assertEquals(evaluator.metrics().fvu(), again.metrics().fvu(), 1e-6);
  }

  @Test
  void noLatentWritesToALayerBeforeItsOwn() {
    Sae sae = train(5).sae();
    float[] wDec = device.toHost(sae.weights().wDec());
    int written = 0;
    for (LatentBlock block : KIND.blocks()) {
      for (int i = block.firstLatent(); i < block.endLatent(); i++) {
        double squares = 0;
        for (int j = 0; j < WIDTH; j++) {
          float value = wDec[i * WIDTH + j];
          assertTrue(j >= block.firstTarget() || value == 0, "latent " + i + " writes " + j);
          written += value == 0 ? 0 : 1;
          squares += (double) value * value;
        }
        assertEquals(1, squares, 1e-5);
      }
    }
    assertEquals(40 * D_MODEL * (3 + 2 + 1), written);
  }

  @Test
  void neitherThreadsNorAnInterruptionChangeABit() throws IOException {
    try (Device one = CpuDevice.best(1);
        Device two = CpuDevice.best(2)) {
      TrainedSae whole =
          new SaeTrainer(one, config(11)).train(KIND, batches(one), TrainListener.none());
      assertTrue(whole.history().getLast().losses().getOrDefault("auxiliary", 0.0) > 0);
      TrainListener killer =
          new TrainListener() {
            @Override
            public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
              if (metrics.step() == 7) {
                throw new IllegalStateException("killed");
              }
            }
          };
      SaeTrainer trainer = new SaeTrainer(two, config(11));
      Checkpoints checkpoints = new Checkpoints(folder.resolve("checkpoints"), 2, 2);
      assertThrows(
          IllegalStateException.class,
          () -> trainer.train(KIND, batches(two), killer, checkpoints));
      TrainedSae resumed = trainer.train(KIND, batches(two), TrainListener.none(), checkpoints);
      assertEquals(whole.history(), resumed.history());
      List<SaeParameter> parameters = whole.sae().parameters();
      for (int i = 0; i < parameters.size(); i++) {
        assertArrayEquals(
            one.toHost(parameters.get(i).value()),
            two.toHost(resumed.sae().parameters().get(i).value()),
            parameters.get(i).name());
      }
      assertArrayEquals(thresholds(whole.sae()), thresholds(resumed.sae()));
    }
  }

  private static float[] thresholds(Sae sae) {
    return sae.device().toHost(((ThresholdSae) sae).thresholds());
  }

  /** Each hook point has its own scale in training, and the saved weights have none. */
  @Test
  void whatIsSavedIsWhatWasTrained() throws IOException {
    ActivationStore scaled = data().normalized(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN);
    List<Double> scales =
        scaled.sites().stream().map(site -> site.normalization().scale()).toList();
    assertEquals(2 * LAYERS, scales.stream().distinct().count());
    Sae trained =
        new SaeTrainer(device, config(40))
            .train(KIND, scaled.shuffled(device, 5), TrainListener.none())
            .sae();
    FloatMatrix normalised = fresh(scaled, 60);
    SparseCodes expected = trained.newCodes(60);
    trained.encode(expected, trained.inputs(normalised));
    FloatMatrix made = device.floats(60, WIDTH);
    trained.reconstruct(made, expected, trained.inputs(normalised));

    Path saved = folder.resolve("saved");
    SaeFiles.save(trained.foldScales(scales), saved, new SaeMetadata(Map.of()));
    CrossLayerTranscoder loaded = CrossLayerTranscoderFiles.load(saved, device).transcoder();
    assertEquals(40, loaded.config().dSae());
    FloatMatrix rows = fresh(data(), 60);
    List<SparseCodes> codes = new ArrayList<>();
    int active = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
      FloatMatrix x = rows.columnRange(layer * D_MODEL, (layer + 1) * D_MODEL);
      codes.add(loaded.newCodes(60));
      loaded.encode(layer, codes.getLast(), x);
      for (int count : device.toHost(codes.getLast().counts())) {
        active += count;
      }
      FloatMatrix out = device.floats(60, D_MODEL);
      loaded.reconstruct(layer, out, codes, x);
      requireClose(
          device.toHost(made.columnRange(layer * D_MODEL, (layer + 1) * D_MODEL)),
          device.toHost(out),
          scales.get(LAYERS + layer));
    }
    int sum = 0;
    for (int count : device.toHost(expected.counts())) {
      sum += count;
    }
    assertEquals(sum, active);
    assertTrue(active > 60, active + " active");
  }

  private static void requireClose(float[] normalised, float[] found, double scale) {
    for (int i = 0; i < found.length; i++) {
      assertEquals(normalised[i] / scale, found[i], 1e-3);
    }
  }

  /** What a latent writes to the residual stream by itself is the sum over the layers. */
  @Test
  void aLayerAloneHasTheSumOfItsDecoders() {
    CrossLayerTranscoder transcoder = CrossLayerTranscoder.of(train(3).sae());
    ThresholdSae summed = transcoder.summed(1);
    float[] rows = device.toHost(transcoder.layer(1).weights().wDec());
    float[] sums = device.toHost(summed.weights().wDec());
    for (int i = 0; i < sums.length; i++) {
      int at = i / D_MODEL * 2 * D_MODEL + i % D_MODEL;
      assertEquals(rows[at] + rows[at + D_MODEL], sums[i], 1e-6);
    }
    assertArrayEquals(
        device.toHost(transcoder.layer(1).weights().wEnc()),
        device.toHost(summed.weights().wEnc()));
    assertArrayEquals(
        device.toHost(transcoder.layer(1).thresholds()), device.toHost(summed.thresholds()));
  }

  @Test
  void otherKindsAndRowsOfAnotherWidthAreRefused() {
    Sae other = Sae.allocate(device, new TopKConfig(4, 8, 2));
    assertEquals(
        "architecture: is topk; it must be cross_layer_transcoder or jumprelu_cross_layer_transcoder",
        Refusal.of(IllegalArgumentException.class, () -> CrossLayerTranscoder.of(other)));
    CrossLayerTranscoderConfig wide = new CrossLayerTranscoderConfig(4, D_MODEL, 120, 3);
    assertEquals(
        "d_in + d_out: is 64, the activations are 48 wide; they must be equal",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                new SaeTrainer(device, config(2))
                    .train(wide, batches(device), TrainListener.none())));
    assertEquals(Collections.nCopies(6, D_MODEL), new ArrayList<>(KIND.siteWidths()));
  }
}
