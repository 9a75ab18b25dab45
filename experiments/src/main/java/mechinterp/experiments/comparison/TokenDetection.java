package mechinterp.experiments.comparison;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.device.Device;
import mechinterp.metrics.LabelDetection;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * How well single latents tell which of the frequent tokens a token is, and which one came before
 * it: {@link LabelDetection}, chosen on one store and judged on another.
 */
final class TokenDetection {
  private static final int AT_ONCE = 1024;

  private final Map<Integer, Integer> labels;

  private TokenDetection(Map<Integer, Integer> labels) {
    this.labels = labels;
  }

  /** Takes the tokens that a store has most of, of equally frequent ones those of lower number. */
  static TokenDetection ofFrequent(ActivationStore store, int number) {
    Map<Integer, Integer> counts = new HashMap<>();
    TokenOrigins origins = store.origins(0, store.tokens());
    for (int i = 0; i < origins.size(); i++) {
      counts.merge(origins.tokenId(i), 1, Integer::sum);
    }
    List<Integer> frequent =
        counts.entrySet().stream()
            .sorted(
                Map.Entry.<Integer, Integer>comparingByValue()
                    .reversed()
                    .thenComparing(Map.Entry.comparingByKey()))
            .limit(number)
            .map(Map.Entry::getKey)
            .toList();
    Map<Integer, Integer> labels = new HashMap<>();
    frequent.forEach(id -> labels.put(id, labels.size()));
    return new TokenDetection(labels);
  }

  /** Returns both mean F1 by name. */
  Map<String, Double> f1(Sae sae, ActivationStore chosenOn, ActivationStore judgedOn) {
    Labelled chosen = new Labelled(sae, chosenOn);
    Labelled judged = new Labelled(sae, judgedOn);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("token_f1", judged.own.meanF1(chosen.own.detectors()));
    figures.put("previous_token_f1", judged.previous.meanF1(chosen.previous.detectors()));
    return figures;
  }

  /** The codes of a store beside its tokens' labels. */
  private final class Labelled {
    private final LabelDetection own;
    private final LabelDetection previous;

    Labelled(Sae sae, ActivationStore store) {
      own = new LabelDetection(sae.dSae(), labels.size());
      previous = new LabelDetection(sae.dSae(), labels.size());
      TokenOrigins origins = store.origins(0, store.tokens());
      Device device = sae.device();
      FloatMatrix x = device.floats(AT_ONCE, store.dIn());
      SparseCodes codes = sae.newCodes(AT_ONCE);
      float[] rows = new float[Math.multiplyExact(AT_ONCE, store.dIn())];
      for (int first = 0; first < store.tokens(); first += AT_ONCE) {
        int count = Math.min(AT_ONCE, store.tokens() - first);
        store.read(first, count, rows, 0);
        FloatMatrix part = x.rowRange(0, count);
        device.upload(part, rows, 0);
        SparseCodes active = codes.rowRange(0, count);
        sae.encode(active, part);
        add(active, device, origins, first);
      }
    }

    private void add(SparseCodes active, Device device, TokenOrigins origins, int first) {
      int count = active.rows();
      int[] ownLabels = new int[count];
      int[] previousLabels = new int[count];
      for (int i = 0; i < count; i++) {
        ownLabels[i] = label(origins, first + i);
        previousLabels[i] =
            follows(origins, first + i) ? label(origins, first + i - 1) : LabelDetection.NONE;
      }
      int[] indices = device.toHost(active.indices());
      float[] values = device.toHost(active.values());
      int[] counts = device.toHost(active.counts());
      own.add(indices, values, counts, active.capacity(), ownLabels);
      previous.add(indices, values, counts, active.capacity(), previousLabels);
    }

    private static boolean follows(TokenOrigins origins, int i) {
      return i > 0
          && origins.document(i) == origins.document(i - 1)
          && origins.position(i) == origins.position(i - 1) + 1;
    }

    private int label(TokenOrigins origins, int i) {
      return labels.getOrDefault(origins.tokenId(i), LabelDetection.NONE);
    }
  }
}
