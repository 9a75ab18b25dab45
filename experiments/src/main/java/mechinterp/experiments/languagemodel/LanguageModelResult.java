package mechinterp.experiments.languagemodel;

import java.util.List;
import mechinterp.training.LanguageModelMetrics;

/**
 * What became of a training: the content of {@code result.json}.
 *
 * @param model its name
 * @param parameters numbers of its weights, tied ones once
 * @param textTokens tokens of the training text
 * @param last metrics of the last step
 * @param domains the test, by domain
 */
public record LanguageModelResult(
    String model,
    long parameters,
    int textTokens,
    LanguageModelMetrics last,
    List<DomainResult> domains) {
  /** Keeps the list. */
  public LanguageModelResult {
    domains = List.copyOf(domains);
  }
}
