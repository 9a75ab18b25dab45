package mechinterp.sae.file;

/**
 * What a file's numbers are multiplied with to bring them into the one form of the weights here.
 *
 * <p>With factors n of the latents and a scale s that the file's encoder expects its input to be
 * multiplied with: encoder rows times n s, b_enc times n, decoder rows divided by n s. Activations
 * are n times those of the file, what the decoder adds up is that of the file divided by s.
 */
final class SaeScaling {
  private final float[] latents;
  private final double input;
  private final double decoderBias;

  /**
   * Keeps the factors.
   *
   * @param latents n, positive; not copied
   * @param input s, positive and finite
   * @param decoderBias what b_dec is multiplied with: 1 / s, where it is scaled with the decoder
   */
  SaeScaling(float[] latents, double input, double decoderBias) {
    this.latents = latents;
    this.input = input;
    this.decoderBias = decoderBias;
  }

  /** Changes nothing. */
  static SaeScaling none(int dSae) {
    return ofInput(dSae, 1);
  }

  /** For a file whose encoder expects its input to be multiplied with {@code input}. */
  static SaeScaling ofInput(int dSae, double input) {
    return new SaeScaling(SaeTensors.ones(dSae), input, 1 / input);
  }

  /** For other activations of the latents and the same reconstructions. */
  static SaeScaling ofLatents(float[] latents) {
    return new SaeScaling(latents, 1, 1);
  }

  float[] latents() {
    return latents;
  }

  double decoderBias() {
    return decoderBias;
  }

  float[] encoder() {
    float[] factors = new float[latents.length];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = (float) (latents[i] * input);
    }
    return factors;
  }

  float[] decoder() {
    float[] factors = new float[latents.length];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = (float) (1 / (latents[i] * input));
    }
    return factors;
  }
}
