package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.CrosscoderScore;
import mechinterp.sae.KScope;
import mechinterp.sae.Sae;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;

/** The choice by z times the sum of the layers' norms, against its definition. */
class CrosscoderChoiceTest {
  private static final int LAYERS = 3;
  private static final int D_MODEL = 2;
  private static final int D_SAE = 13;
  private static final int K = 2;
  private static final int BATCH = 6;

  private final Device device = CpuDevice.scalar();
  private final NaivePoint point = NaivePoint.of(3, BATCH, LAYERS * D_MODEL, D_SAE, 0.2, 0);

  private ThresholdSae sae(CrosscoderScore score) {
    CrosscoderConfig config = new CrosscoderConfig(LAYERS, D_MODEL, D_SAE, K, KScope.BATCH, score);
    return point.setInto(ThresholdSae.allocate(device, config));
  }

  private double score(CrosscoderScore score, int latent) {
    double sum = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
      double[] row = Arrays.copyOfRange(point.wDec[latent], 2 * layer, 2 * layer + 2);
      sum += Math.hypot(row[0], row[1]);
    }
    return score == CrosscoderScore.NORM_SUM ? sum : 1;
  }

  /** An entry of z with what it is compared by. */
  private record Entry(int token, int latent, double z, double compared) {}

  private List<Entry> largest(CrosscoderScore score) {
    return all(score).subList(0, K * BATCH);
  }

  private List<Entry> all(CrosscoderScore score) {
    List<Entry> entries = new ArrayList<>();
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < D_SAE; i++) {
        double z = point.bEnc[i];
        for (int j = 0; j < LAYERS * D_MODEL; j++) {
          z += point.x[t][j] * point.wEnc[i][j];
        }
        if (z > 0) {
          entries.add(new Entry(t, i, z, z * score(score, i)));
        }
      }
    }
    entries.sort(Comparator.comparingDouble(Entry::compared).reversed());
    return entries;
  }

  private static Set<List<Integer>> places(List<Entry> entries) {
    Set<List<Integer>> places = new TreeSet<>(Comparator.comparing(List::toString));
    entries.forEach(entry -> places.add(List.of(entry.token(), entry.latent())));
    return places;
  }

  /** After a batch all that was chosen lies at its threshold or above, and is encoded again. */
  @Test
  void theLargestProductsAreActiveAndThresholdsAreTheLeastOfThemOverTheNorms() {
    ThresholdSae sae = sae(CrosscoderScore.NORM_SUM);
    SaeObjective objective =
        Trained.of(sae, BATCH, LossNormalizer.TOKENS, AuxKConfig.defaults().withAlpha(0));
    FloatMatrix x = NaivePoint.upload(device, point.x);
    SaeLoss loss = objective.backward(x);
    List<Entry> expected = largest(CrosscoderScore.NORM_SUM);
    assertEquals(K, loss.l0(), 1e-12);
    objective.finish();
    float[] thresholds = device.toHost(sae.thresholds());
    double least = expected.getLast().compared();
    for (int i = 0; i < D_SAE; i++) {
      assertEquals(least / score(CrosscoderScore.NORM_SUM, i), thresholds[i], 1e-5);
    }
    assertNotEquals(places(largest(CrosscoderScore.ACTIVATION)), places(expected));
  }

  /** The k largest products of each token; after training the same latents, by z alone. */
  @Test
  void ofEachTokenTheLargestProductsAreActiveAndSoAreTheyAfterTraining() {
    CrosscoderConfig config =
        new CrosscoderConfig(LAYERS, D_MODEL, D_SAE, K, KScope.TOKEN, CrosscoderScore.NORM_SUM);
    TopKSae sae = point.setInto((TopKSae) Sae.allocate(device, config));
    LatentChoice choice =
        Workspace.allocate(
            "test", device, w -> new NormSumChoice(w, sae, KSchedule.constant(K), BATCH));
    FloatMatrix x = NaivePoint.upload(device, point.x);
    SparseCodes codes = sae.newCodes(BATCH);
    FloatMatrix before = device.floats(BATCH, LAYERS * D_MODEL);
    choice.choose(codes, x);
    sae.decode(before, codes);
    Set<List<Integer>> expected = places(largestOfEach());
    assertEquals(expected, places(entries(codes)));
    choice.finish();
    choice.finish();
    FloatMatrix after = device.floats(BATCH, LAYERS * D_MODEL);
    sae.encode(codes, x);
    sae.decode(after, codes);
    assertEquals(expected, places(entries(codes)));
    assertArrayEquals(device.toHost(before), device.toHost(after), 1e-5f);
  }

  private List<Entry> largestOfEach() {
    List<Entry> sorted = all(CrosscoderScore.NORM_SUM);
    return IntStream.range(0, BATCH)
        .boxed()
        .flatMap(t -> sorted.stream().filter(each -> each.token() == t).limit(K))
        .toList();
  }

  private List<Entry> entries(SparseCodes codes) {
    int[] counts = device.toHost(codes.counts());
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    List<Entry> found = new ArrayList<>();
    for (int t = 0; t < BATCH; t++) {
      for (int slot = 0; slot < counts[t]; slot++) {
        int at = t * codes.capacity() + slot;
        found.add(new Entry(t, indices[at], values[at], 0));
      }
    }
    return found;
  }

  @Test
  void codesKeepTheirActivations() {
    ThresholdSae sae = sae(CrosscoderScore.NORM_SUM);
    SparseCodes codes = sae.newCodes(BATCH);
    List<Entry> expected = largest(CrosscoderScore.NORM_SUM);
    Workspace.allocate(
            "test",
            device,
            w -> new BatchTopK(sae, KSchedule.constant(K), Optional.of(new LayerNormSums(w, sae))))
        .choose(codes, NaivePoint.upload(device, point.x));
    List<Entry> found = entries(codes);
    assertEquals(places(expected), places(found));
    for (Entry each : expected) {
      Entry same =
          found.stream()
              .filter(other -> other.token() == each.token() && other.latent() == each.latent())
              .findFirst()
              .orElseThrow();
      assertEquals(each.z(), same.z(), 1e-5);
    }
  }
}
