package mechinterp.sae.objective;

/** Which of the decoder's weights have a gradient by a further loss. */
enum DecoderGradient {
  /** W_dec and b_dec. */
  WHOLE,
  /** W_dec: what the codes stand for has no b_dec. */
  WITHOUT_BIAS,
  /** None: the loss sees a copy of the decoder. */
  NONE
}
