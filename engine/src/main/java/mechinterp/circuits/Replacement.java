package mechinterp.circuits;

/** What takes the place of a latent or an error that is taken out of a run. */
public enum Replacement {
  /** Its value on the other prompt. */
  CORRUPT,
  /** 0; what is left of an activation without latents and error is b_dec. */
  ZERO,
  /** Its mean over the tokens of all clean prompts, special ones left out. */
  MEAN
}
