package mechinterp.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.metrics.ShortlistRecall;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SelectedSaeTest {
  private static final int D_IN = 19;
  private static final int D_SAE = 150;
  private static final int K = 4;
  private static final TopKConfig TOP_K = new TopKConfig(D_IN, D_SAE, K);

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  /** Weights that 8 bits hold without error: each row's largest is 127 / 64. */
  private TopKSae topK() {
    TopKSae sae = RandomSae.of(device, TOP_K, 3);
    float[] values = new float[D_SAE * D_IN];
    RandomStream.of(7, "whole numbers").fillGaussian(values, 0, 30);
    for (int i = 0; i < values.length; i++) {
      values[i] = i % D_IN == 5 ? 127 / 64f : Math.clamp(Math.round(values[i]), -127, 127) / 64f;
    }
    device.upload(sae.weights().wEnc(), values, 0);
    sae.weightsChanged();
    return sae;
  }

  /** A selector that is the encoder itself: V = I, U = W_enc. */
  private Selector whole(Sae sae, int factor) {
    float[] identity = new float[D_IN * D_IN];
    for (int i = 0; i < D_IN; i++) {
      identity[i * D_IN + i] = 1;
    }
    Int8Rows rows = Int8Rows.nearest(D_IN, device.toHost(sae.weights().wEnc()));
    assertArrayEquals(device.toHost(sae.weights().wEnc()), rows.values());
    return Selector.of(
        device, factor, device.matrix(D_IN, D_IN, identity), rows, sae.weights().bEnc());
  }

  private FloatMatrix activations() {
    return RandomSae.activations(device, 1100, D_IN, 9);
  }

  private void assertSameCodes(Sae expected, Sae found, FloatMatrix x) {
    SparseCodes wanted = expected.newCodes(x.rows());
    SparseCodes codes = found.newCodes(x.rows());
    expected.encode(wanted, x);
    found.encode(codes, x);
    assertArrayEquals(device.toHost(wanted.counts()), device.toHost(codes.counts()));
    assertArrayEquals(device.toHost(wanted.indices()), device.toHost(codes.indices()));
    assertArrayEquals(device.toHost(wanted.values()), device.toHost(codes.values()));
  }

  @Test
  void ofFullRankWithoutRoundingTheCodesAreTheAutoencoders() {
    TopKSae sae = topK();
    assertSameCodes(sae, SelectedSae.of(sae, whole(sae, 1)), activations());
    HybridSaeConfig full = HybridSaeConfig.of(D_IN, D_SAE, K);
    for (HybridSaeConfig config :
        List.of(full, full.withCodes(InferenceCodes.FAST), full.withLeastCode(0.3))) {
      HybridSae hybrid = HybridSae.withWeightsOf(sae, config);
      int listsAll = config.shortlistFactor();
      assertSameCodes(hybrid, SelectedSae.of(hybrid, whole(hybrid, listsAll)), activations());
    }
  }

  @Test
  void aTokenHasTheSameCodesAloneAndAmongOthers() {
    TopKSae sae = topK();
    SelectedSae selected = SelectedSae.of(sae, random(2));
    FloatMatrix x = activations();
    SparseCodes all = selected.newCodes(1100);
    selected.encode(all, x);
    for (int t : new int[] {0, 17, 1023, 1024, 1099}) {
      SparseCodes one = selected.newCodes(1);
      selected.encode(one, x.row(t));
      assertArrayEquals(device.toHost(all.indices().row(t)), device.toHost(one.indices()));
      assertArrayEquals(device.toHost(all.values().row(t)), device.toHost(one.values()));
    }
  }

  /** Scores that know nothing of the encoder. */
  private Selector random(int factor) {
    float[] values = new float[D_SAE * 6];
    RandomStream.of(4, "rows").fillGaussian(values, 0, 1);
    return Selector.of(
        device,
        factor,
        RandomSae.activations(device, 6, D_IN, 2),
        Int8Rows.nearest(6, values),
        device.floats(1, D_SAE));
  }

  @Test
  void whatTheSelectorMissesIsNotActive() {
    TopKSae sae = topK();
    SelectedSae selected = SelectedSae.of(sae, random(3));
    FloatMatrix x = activations().rowRange(0, 500);
    ShortlistRecall recall = ShortlistRecall.of(selected, 500);
    recall.add(x);
    assertTrue(recall.recall() > 0 && recall.recall() < 0.5, "recall " + recall.recall());

    SparseCodes dense = sae.newCodes(500);
    SparseCodes codes = selected.newCodes(500);
    sae.encode(dense, x);
    selected.encode(codes, x);
    assertFalse(Arrays.equals(device.toHost(dense.indices()), device.toHost(codes.indices())));
    assertEquals(
        recall.recall(), overlap(dense, codes), 1e-12, "what is listed and largest is active");

    ShortlistRecall perfect = ShortlistRecall.of(SelectedSae.of(sae, whole(sae, 1)), 500);
    perfect.add(x);
    assertEquals(1, perfect.recall());
  }

  private double overlap(SparseCodes dense, SparseCodes codes) {
    int[] wanted = device.toHost(dense.indices());
    int[] found = device.toHost(codes.indices());
    int[] counts = device.toHost(dense.counts());
    int[] foundCounts = device.toHost(codes.counts());
    double both = 0;
    double all = 0;
    for (int t = 0; t < counts.length; t++) {
      List<Integer> row = Arrays.stream(found, t * K, t * K + foundCounts[t]).boxed().toList();
      for (int i = t * K; i < t * K + counts[t]; i++) {
        both += row.contains(wanted[i]) ? 1 : 0;
        all++;
      }
    }
    return both / all;
  }

  @Test
  void itIsFoldedWithTheAutoencoder() {
    TopKSae sae = topK();
    SelectedSae selected = SelectedSae.of(sae, random(2));
    FloatMatrix x = activations();
    FloatMatrix scaled = device.floats(1100, D_IN);
    device.kernels().scale(scaled, x, 4);
    SparseCodes there = selected.newCodes(1100);
    SparseCodes here = selected.newCodes(1100);
    selected.encode(there, scaled);
    selected.foldInputScale(4).encode(here, x);
    assertArrayEquals(device.toHost(there.indices()), device.toHost(here.indices()));
    assertArrayEquals(device.toHost(there.values()), device.toHost(here.values()), 1e-3f);
  }

  @Test
  void bytesAreThoseOfTheWeightsThatAreRead() {
    TopKSae sae = topK();
    SelectedSae selected = SelectedSae.of(sae, random(3));
    assertEquals(4 * (D_IN + D_SAE * (D_IN + 1)), selected.denseBytesPerToken());
    int scores = 4 * (6 * D_IN + 2 * D_SAE) + 64 * 6 * Math.ceilDiv(D_SAE, 64);
    assertEquals(scores + 4 * (D_IN + 12 * (D_IN + 1)), selected.bytesPerToken());
  }

  @Test
  void whatNoSelectorServesIsRefused() {
    Selector selector = random(2);
    Sae jumpRelu = ThresholdSae.allocate(device, new JumpReluConfig(D_IN, D_SAE));
    assertEquals(
        "architecture: is jumprelu; a selector serves what chooses latents by size alone, TopK and"
            + " hybrids",
        refusal(jumpRelu, selector));
    Sae groupMax = Sae.allocate(device, new GroupMaxConfig(D_IN, D_SAE, 5));
    assertTrue(refusal(groupMax, selector).startsWith("architecture: is groupmax"));
    Sae other = TopKSae.allocate(device, new TopKConfig(D_IN, D_SAE + 1, K));
    assertEquals(
        "selector's d_sae: is 150, the weights have 151; they must be equal",
        refusal(other, selector));
  }

  private static String refusal(Sae sae, Selector selector) {
    return Refusal.of(IllegalArgumentException.class, () -> SelectedSae.of(sae, selector));
  }

  @Test
  void numbersAreRoundedToTheNearestLevel() {
    Int8Rows rows = Int8Rows.nearest(5, new float[] {127, -0.4f, 0.6f, -127, 2, 0, 0, 0, 0, 0});
    assertArrayEquals(new byte[] {127, 0, 1, -127, 2, 0, 0, 0, 0, 0}, rows.levels());
    assertArrayEquals(new float[] {1, 0}, rows.scales());
    assertArrayEquals(rows.levels(), Int8Rows.ofWords(5, rows.words(), rows.scales()).levels());
    assertEquals(5 * 16, rows.words().length);
    float[] values = new float[7 * 33];
    RandomStream.of(1, "values").fillGaussian(values, 0, 1);
    Int8Rows nearest = Int8Rows.nearest(33, values);
    for (int i = 0; i < values.length; i++) {
      assertEquals(values[i], nearest.values()[i], nearest.scales()[i / 33] * 0.5001);
    }
  }
}
