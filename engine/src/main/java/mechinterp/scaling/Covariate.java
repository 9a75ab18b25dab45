package mechinterp.scaling;

import java.util.Locale;

/** What a loss may depend on; all are positive, and laws use their natural logarithms. */
public enum Covariate {
  /** Number of latents. */
  D_SAE,
  /** Active latents of a token. */
  K,
  /** Tokens that the autoencoder is trained on. */
  TOKENS,
  /** Floating-point operations of that training. */
  FLOPS,
  /** Parameters of the model whose activations it reads. */
  MODEL_PARAMS,
  /** Intrinsic dimension, or another measure of the spectrum, of these activations. */
  INTRINSIC_DIMENSION;

  /** Returns its name in files. */
  public String field() {
    return name().toLowerCase(Locale.ROOT);
  }
}
