package mechinterp.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How well single latents tell labels of tokens, such as which word a token is. For each label the
 * detector is the latent and the threshold with the largest
 *
 * <pre>  F1 = 2 TP / (P + N)</pre>
 *
 * where a token is detected when the latent's activation is at least the threshold, TP counts the
 * detected tokens that have the label, P the detected ones and N those with the label. Detectors
 * are chosen on some tokens and judged on others.
 */
public final class LabelDetection {
  /** The label of tokens that have none. */
  public static final int NONE = -1;

  private final int labels;
  private final long[] tokens;
  private final List<List<Firing>> firings = new ArrayList<>();

  /** An activation of a latent on a token that has a label or {@link #NONE}. */
  private record Firing(float activation, int label) {}

  /**
   * What tells a label.
   *
   * @param latent the latent
   * @param threshold least activation that counts
   * @param f1 on the tokens that it was chosen on
   */
  public record Detector(int latent, float threshold, double f1) {}

  /** Begins without a token. */
  public LabelDetection(int dSae, int labels) {
    this.labels = labels;
    this.tokens = new long[labels];
    for (int i = 0; i < dSae; i++) {
      firings.add(new ArrayList<>());
    }
  }

  /**
   * Adds tokens.
   *
   * @param indices latents, {@code capacity} places for each token
   * @param values their activations
   * @param counts how many places each token uses
   * @param labelOf each token's label, or {@link #NONE}
   */
  public void add(int[] indices, float[] values, int[] counts, int capacity, int[] labelOf) {
    for (int t = 0; t < counts.length; t++) {
      if (labelOf[t] != NONE) {
        tokens[labelOf[t]]++;
      }
      for (int i = t * capacity; i < t * capacity + counts[t]; i++) {
        firings.get(indices[i]).add(new Firing(values[i], labelOf[t]));
      }
    }
  }

  /** Returns the best detector of each label on the tokens so far; none where no latent fires. */
  public List<Optional<Detector>> detectors() {
    Detector[] best = new Detector[labels];
    Arrays.fill(best, new Detector(0, 0, 0));
    for (int latent = 0; latent < firings.size(); latent++) {
      improve(best, latent);
    }
    return Arrays.stream(best).map(each -> Optional.of(each).filter(d -> d.f1() > 0)).toList();
  }

  /** A label's F1 can only rise where a token of it comes in, so each place is looked at once. */
  private void improve(Detector[] best, int latent) {
    List<Firing> sorted = new ArrayList<>(firings.get(latent));
    sorted.sort(Comparator.comparingDouble(Firing::activation).reversed());
    long[] hits = new long[labels];
    for (int i = 0; i < sorted.size(); i++) {
      Firing firing = sorted.get(i);
      if (firing.label() == NONE) {
        continue;
      }
      hits[firing.label()]++;
      int last = lastOfEqual(sorted, i);
      double f1 = 2.0 * hits[firing.label()] / (last + 1 + tokens[firing.label()]);
      if (f1 > best[firing.label()].f1()) {
        best[firing.label()] = new Detector(latent, firing.activation(), f1);
      }
    }
  }

  private static int lastOfEqual(List<Firing> sorted, int from) {
    int last = from;
    while (last + 1 < sorted.size()
        && sorted.get(last + 1).activation() == sorted.get(from).activation()) {
      last++;
    }
    return last;
  }

  /**
   * Returns the mean F1 of detectors on the tokens so far, over the labels that these tokens have;
   * a label without a detector counts 0.
   *
   * @param detectors one for each label, from {@link #detectors} of other tokens
   */
  public double meanF1(List<Optional<Detector>> detectors) {
    return f1(detectors).stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  /**
   * Returns the F1 of detectors on the tokens so far, of each label that these tokens have.
   *
   * @param detectors one for each label, from {@link #detectors} of other tokens
   */
  public List<Double> f1(List<Optional<Detector>> detectors) {
    List<Double> all = new ArrayList<>();
    for (int label = 0; label < labels; label++) {
      if (tokens[label] > 0) {
        int wanted = label;
        all.add(detectors.get(label).map(detector -> f1(detector, wanted)).orElse(0.0));
      }
    }
    return all;
  }

  private double f1(Detector detector, int label) {
    long detected = 0;
    long hits = 0;
    for (Firing firing : firings.get(detector.latent())) {
      if (firing.activation() >= detector.threshold()) {
        detected++;
        hits += firing.label() == label ? 1 : 0;
      }
    }
    return 2.0 * hits / (detected + tokens[label]);
  }
}
