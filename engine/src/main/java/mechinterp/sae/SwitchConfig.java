package mechinterp.sae;

/**
 * A Switch autoencoder (Mudide et al. 2024, arXiv 2410.08201): TopK autoencoders of d_sae / N
 * latents each, one behind the other, of which a router chooses one for each token. Its loss is
 *
 * <pre>
 *   (sum |x - x^|^2  +  load_balance B d_in N sum over experts i of F_i P_i) / V
 *   F_i = share of the B tokens that i gets,   P_i = mean of p_i over them</pre>
 *
 * where F is a constant of the gradient. V is what squared errors are divided by; with V = B d_in
 * it is the loss of the paper.
 *
 * @param dIn width of an activation
 * @param dSae number of latents of all experts together, a multiple of the experts
 * @param k largest number of active latents of a token; at most d_sae / experts
 * @param experts N
 * @param loadBalance weight alpha of the loss that keeps the experts evenly used
 */
public record SwitchConfig(int dIn, int dSae, int k, int experts, double loadBalance)
    implements SaeConfig {
  /** The name of this kind in JSON. */
  public static final String ARCHITECTURE = "switch";

  private static final double LOAD_BALANCE = 3;
  private static final int MOST_BY_DEFAULT = 8;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public SwitchConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requirePositive("k", k);
    Sizes.requirePositive("experts", experts);
    if (dSae % experts != 0) {
      throw new IllegalArgumentException(
          "experts: is %d, d_sae is %d; experts must divide d_sae".formatted(experts, dSae));
    }
    if (k > dSae / experts) {
      throw new IllegalArgumentException(
          "k: is %d, d_sae is %d, experts is %d; k must be at most d_sae / experts"
              .formatted(k, dSae, experts));
    }
    if (!(loadBalance >= 0 && loadBalance < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "load_balance: is %s; it must be at least 0 and finite".formatted(loadBalance));
    }
  }

  /** Returns a load balance of 3, the paper's. */
  public static SwitchConfig of(int dIn, int dSae, int k, int experts) {
    return new SwitchConfig(dIn, dSae, k, experts, LOAD_BALANCE);
  }

  /** Returns one of 8 experts, or of the next lower power of two that the latents allow. */
  public static SwitchConfig of(int dIn, int dSae, int k) {
    Sizes.requireActive(k, dSae);
    int experts = MOST_BY_DEFAULT;
    while (dSae % experts != 0 || k > dSae / experts) {
      experts /= 2;
    }
    return of(dIn, dSae, k, experts);
  }

  /** Returns the number of latents of an expert. */
  public int latentsOfExpert() {
    return dSae / experts;
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
