package mechinterp.experiments.data;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.metrics.LabelDetection;
import mechinterp.sae.Sae;

/**
 * How well single latents tell which of the frequent tokens a token is, and which one came before
 * it: {@link LabelDetection}, chosen on one store and judged on another.
 */
public final class TokenDetection {
  private final Map<Integer, Integer> labels;

  private TokenDetection(Map<Integer, Integer> labels) {
    this.labels = labels;
  }

  /** Takes the tokens that a store has most of, of equally frequent ones those of lower number. */
  public static TokenDetection ofFrequent(ActivationStore store, int number) {
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

  /**
   * The F1 of each label that was there to be told.
   *
   * @param token of telling a token
   * @param previousToken of telling the one before it
   */
  public record Scores(List<Double> token, List<Double> previousToken) {}

  /** Returns the F1 of each label. */
  public Scores scores(Sae sae, ActivationStore chosenOn, ActivationStore judgedOn) {
    Labelled chosen = new Labelled(sae, chosenOn);
    Labelled judged = new Labelled(sae, judgedOn);
    return new Scores(
        judged.own.f1(chosen.own.detectors()), judged.previous.f1(chosen.previous.detectors()));
  }

  /** Returns both mean F1 by name. */
  public Map<String, Double> f1(Sae sae, ActivationStore chosenOn, ActivationStore judgedOn) {
    Scores scores = scores(sae, chosenOn, judgedOn);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("token_f1", mean(scores.token()));
    figures.put("previous_token_f1", mean(scores.previousToken()));
    return figures;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  /** The codes of a store beside its tokens' labels. */
  private final class Labelled {
    private final LabelDetection own;
    private final LabelDetection previous;

    Labelled(Sae sae, ActivationStore store) {
      own = new LabelDetection(sae.dSae(), labels.size());
      previous = new LabelDetection(sae.dSae(), labels.size());
      TokenOrigins origins = store.origins(0, store.tokens());
      EncodedStore.of(sae, store, part -> add(part, origins));
    }

    private void add(EncodedStore.Part part, TokenOrigins origins) {
      int[] ownLabels = new int[part.counts().length];
      int[] previousLabels = new int[ownLabels.length];
      for (int t = 0; t < ownLabels.length; t++) {
        int i = part.first() + t;
        ownLabels[t] = label(origins, i);
        previousLabels[t] = follows(origins, i) ? label(origins, i - 1) : LabelDetection.NONE;
      }
      own.add(part.indices(), part.values(), part.counts(), part.capacity(), ownLabels);
      previous.add(part.indices(), part.values(), part.counts(), part.capacity(), previousLabels);
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
