package mechinterp.sae.objective;

/**
 * Training for what a language model does with reconstructions (Braun et al. 2024, arXiv
 * 2405.12241):
 *
 * <pre>  weight D + reconstruction_weight sum |x - x^|^2 / V</pre>
 *
 * in place of the reconstruction's loss, with D a mean over the tokens of the batch's sequences.
 *
 * @param loss D
 * @param weight of D
 * @param reconstructionWeight of the squared error; 0 to train for D alone
 */
public record EndToEndConfig(Loss loss, double weight, double reconstructionWeight) {
  /** What is asked of the model that goes on with reconstructions. */
  public enum Loss {
    /** The KL divergence of its next-token distributions from those of the untouched model. */
    KL,
    /** The cross-entropy of the next token of the text. */
    CE
  }

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public EndToEndConfig {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "end_to_end.weight: is %s; it must be positive and finite".formatted(weight));
    }
    if (!(reconstructionWeight >= 0 && reconstructionWeight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "end_to_end.reconstruction_weight: is %s; it must be finite and not negative"
              .formatted(reconstructionWeight));
    }
  }

  /** Returns a loss alone, with weight 1. */
  public static EndToEndConfig of(Loss loss) {
    return new EndToEndConfig(loss, 1, 0);
  }
}
