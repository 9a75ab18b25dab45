package mechinterp.kernel;

/** The nonlinearity of an MLP. */
public enum ActivationFunction {
  /** x Phi(x), Phi the normal distribution function by erf (Hendrycks and Gimpel 2016). */
  GELU,
  /** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): GPT-2's {@code gelu_new}. */
  GELU_TANH,
  /** x / (1 + exp(-x)), also called swish. */
  SILU,
  /** max(x, 0); its derivative at 0 is 0. */
  RELU
}
