package mechinterp.scaling;

import java.util.ArrayList;
import java.util.List;

/**
 * A form with the kinds of autoencoders written out: parameters theta, each of one term, and their
 * features phi. ln L = ln sum over terms of exp(theta . phi); its derivative by a parameter is the
 * term's share of L times the feature.
 */
final class LawDesign {
  private final LawForm form;
  private final List<String> kinds;
  private final List<String> names = new ArrayList<>();
  private final List<Integer> termOf = new ArrayList<>();

  LawDesign(LawForm form, List<String> kinds) {
    this.form = form;
    this.kinds = List.copyOf(kinds);
    for (int term = 0; term < form.terms().size(); term++) {
      for (LawTerm.Feature feature : form.terms().get(term).features()) {
        for (String label : labels(feature)) {
          names.add("term%d.%s".formatted(term + 1, label));
          termOf.add(term);
        }
      }
    }
  }

  private List<String> labels(LawTerm.Feature feature) {
    if (feature.perKind()) {
      return kinds.stream().map("ln_factor[%s]"::formatted).toList();
    }
    if (feature.logs().isEmpty()) {
      return List.of("ln_factor");
    }
    return List.of(
        String.join("_x_", feature.logs().stream().map(Covariate::field).toList()) + "_exponent");
  }

  int parameters() {
    return names.size();
  }

  int terms() {
    return form.terms().size();
  }

  /** Returns what each parameter is, such as {@code term2.d_sae_exponent}. */
  List<String> names() {
    return names;
  }

  int termOf(int parameter) {
    return termOf.get(parameter);
  }

  /** Returns whether a parameter is the logarithm of a factor and no exponent. */
  boolean isFactor(int parameter) {
    return names.get(parameter).contains("ln_factor");
  }

  /**
   * Returns phi.
   *
   * @throws IllegalArgumentException when a covariate is missing or the kind is unknown
   */
  double[] features(ScalingSetting setting) {
    if (form.dependsOnKind() && !kinds.contains(setting.kind())) {
      throw new IllegalArgumentException(
          "kind: is %s; the law is of %s".formatted(setting.kind(), kinds));
    }
    double[] features = new double[parameters()];
    int next = 0;
    for (LawTerm term : form.terms()) {
      for (LawTerm.Feature feature : term.features()) {
        if (feature.perKind()) {
          for (String kind : kinds) {
            features[next++] = kind.equals(setting.kind()) ? feature.value(setting) : 0;
          }
        } else {
          features[next++] = feature.value(setting);
        }
      }
    }
    return features;
  }

  /** Returns ln of each term. */
  double[] logTerms(double[] theta, double[] features) {
    double[] logs = new double[terms()];
    for (int i = 0; i < theta.length; i++) {
      logs[termOf(i)] += theta[i] * features[i];
    }
    return logs;
  }

  /** Returns ln L, by its largest term so that nothing overflows. */
  double logLoss(double[] theta, double[] features) {
    return logSum(logTerms(theta, features));
  }

  static double logSum(double[] logs) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double log : logs) {
      largest = Math.max(largest, log);
    }
    double sum = 0;
    for (double log : logs) {
      sum += Math.exp(log - largest);
    }
    return largest + Math.log(sum);
  }

  /** Returns the derivatives of ln L. */
  double[] gradient(double[] theta, double[] features) {
    double[] logs = logTerms(theta, features);
    double logLoss = logSum(logs);
    double[] gradient = new double[theta.length];
    for (int i = 0; i < theta.length; i++) {
      gradient[i] = Math.exp(logs[termOf(i)] - logLoss) * features[i];
    }
    return gradient;
  }
}
