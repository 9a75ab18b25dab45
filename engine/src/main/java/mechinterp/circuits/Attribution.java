package mechinterp.circuits;

/** How effects are estimated from gradients. */
public sealed interface Attribution {
  /**
   * One gradient, that of the run that values are put into:
   *
   * <pre>  effect ~ (a_source - a_base) . dm/da at a_base</pre>
   *
   * Source: attribution patching, Nanda 2023; Syed et al. 2023 (arXiv:2310.10348).
   */
  record Gradient() implements Attribution {}

  /**
   * One gradient, and of queries and keys that of the pattern, with the pattern computed exactly,
   * so that a saturated softmax does not hide them:
   *
   * <pre>  effect of q ~ (softmax with q_source - softmax with q_base) . dm/dpattern</pre>
   *
   * likewise of k. Source: the QK fix of AtP*, Kramar et al. 2024 (arXiv:2403.00745), who replace
   * the key of one position at a time; here all positions are replaced, as in the exact effect.
   */
  record ExactSoftmax() implements Attribution {}

  /**
   * A gradient for each layer l, with what this layer adds to the residual stream left out of the
   * way back, so that ways which cancel each other do not hide a node:
   *
   * <pre>  |effect| ~ 1 / (L - 1) sum over l of |(a_source - a_base) . dm/da without layer l|</pre>
   *
   * It has no sign, and is for ranking nodes. Source: GradDrop of AtP*, Kramar et al. 2024
   * (arXiv:2403.00745).
   */
  record DroppedGradients() implements Attribution {}

  /**
   * Coefficients of layer-wise relevance propagation in place of the gradient (RelP), one way back:
   *
   * <pre>
   *   norms          the scale is held (LN-rule)
   *   f(pre)         df/dpre = f(pre) / pre (identity rule)
   *   f(pre) linear  half of the gradient to each factor (half rule)
   *   pattern        held too, where asked for (AH-rule), so that nothing goes to queries and keys
   * </pre>
   *
   * and gradients elsewhere. Sources: Rezaei Jafari et al. 2025 (arXiv:2508.21258), whose runs have
   * the first three rules; of norms and patterns Ali et al. 2022.
   *
   * @param patternHeld whether the pattern is held
   */
  record Relevance(boolean patternHeld) implements Attribution {}

  /**
   * The mean gradient on the way from one value to the other, by the midpoint rule:
   *
   * <pre>  effect ~ (a_source - a_base) . 1/n sum over i of dm/da at alpha_i = (i - 1/2) / n</pre>
   *
   * Sources: integrated gradients, Sundararajan et al. 2017 (arXiv:1703.01365); of activations,
   * Marks et al. 2024 (arXiv:2403.19647); of inputs, Hanna et al. 2024 (arXiv:2403.17806).
   *
   * @param steps n
   * @param path what goes
   */
  record IntegratedGradients(int steps, IntegrationPath path) implements Attribution {
    /**
     * Checks the steps.
     *
     * @throws IllegalArgumentException when there are none
     */
    public IntegratedGradients {
      if (steps < 1) {
        throw new IllegalArgumentException("steps: is %d; it must be at least 1".formatted(steps));
      }
    }

    /** Returns where on the way a step's gradient is taken. */
    double alpha(int step) {
      return (step + 0.5) / steps;
    }
  }
}
