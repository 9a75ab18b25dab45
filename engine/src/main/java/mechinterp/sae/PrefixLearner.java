package mechinterp.sae;

/** What learns from the prefixes that are shorter than the dictionary. */
public enum PrefixLearner {
  /** Everything, as Matryoshka autoencoders are published. */
  ENCODER_AND_DICTIONARY,
  /** W_enc, b_enc and b_dec; W_dec learns from the whole reconstruction alone. */
  ENCODER
}
