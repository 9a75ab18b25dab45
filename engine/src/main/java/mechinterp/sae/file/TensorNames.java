package mechinterp.sae.file;

import mechinterp.io.FormatException;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.SaeConfig;

/**
 * Where a file keeps the weights of one encoder and one decoder.
 *
 * @param encoder the encoder's weights
 * @param encoderBias [d_sae]; of a gated kind that of the gates
 * @param decoder the decoder's weights
 * @param decoderBias [d_out], which is d_in but for transcoders
 */
record TensorNames(Matrix encoder, String encoderBias, Matrix decoder, String decoderBias) {
  /**
   * A matrix with a row or a column for each latent.
   *
   * @param name of the tensor
   * @param latentsAreRows whether it is [d_sae, d_in] or [d_in, d_sae]
   */
  record Matrix(String name, boolean latentsAreRows) {
    static Matrix latentRows(String name) {
      return new Matrix(name, true);
    }

    static Matrix latentColumns(String name) {
      return new Matrix(name, false);
    }

    /**
     * Returns the number of latents.
     *
     * @throws FormatException when the tensor is missing or no matrix
     */
    int latents(TensorFile file) throws FormatException {
      return length(file, latentsAreRows ? 0 : 1);
    }

    /**
     * Returns how many numbers there are of each latent.
     *
     * @throws FormatException when the tensor is missing or no matrix
     */
    int width(TensorFile file) throws FormatException {
      return length(file, latentsAreRows ? 1 : 0);
    }

    private int length(TensorFile file, int axis) throws FormatException {
      TensorInfo info = file.info(name, -1, -1);
      long length = info.shape().get(axis);
      if (length < 1 || length > Integer.MAX_VALUE) {
        throw new FormatException(
            file.source(),
            "tensor \"%s\" is %s; its dimensions must be from 1 to %d"
                .formatted(name, info.shape(), Integer.MAX_VALUE));
      }
      return (int) length;
    }
  }

  /** W_enc [d_in, d_sae] and W_dec [d_sae, d_in], as SAELens has them. */
  static final TensorNames SAELENS =
      new TensorNames(Matrix.latentColumns("W_enc"), "b_enc", Matrix.latentRows("W_dec"), "b_dec");

  /** Returns the names that SAELens has for a kind. */
  static TensorNames saeLens(SaeConfig config) {
    return config instanceof GatedConfig ? SAELENS.withEncoderBias("b_gate") : SAELENS;
  }

  /** Returns the same names with another of the encoder's bias. */
  TensorNames withEncoderBias(String name) {
    return new TensorNames(encoder, name, decoder, decoderBias);
  }

  /** The names of torch's Linear layers, whose weights are [out, in]. */
  static TensorNames linear(String encoder, String decoder, String decoderBias) {
    return new TensorNames(
        Matrix.latentRows(encoder + ".weight"),
        encoder + ".bias",
        Matrix.latentColumns(decoder + ".weight"),
        decoderBias);
  }

  /** Returns the same names with a prefix, as a state_dict within others has them. */
  TensorNames within(String prefix) {
    return new TensorNames(
        new Matrix(prefix + encoder.name, encoder.latentsAreRows),
        prefix + encoderBias,
        new Matrix(prefix + decoder.name, decoder.latentsAreRows),
        prefix + decoderBias);
  }

  /**
   * Returns the width of an activation.
   *
   * @throws FormatException when the encoder's weights are missing or no matrix
   */
  int dIn(TensorFile file) throws FormatException {
    return encoder.width(file);
  }

  /**
   * Returns the width of what the decoder makes.
   *
   * @throws FormatException when the decoder's weights are missing or no matrix
   */
  int dOut(TensorFile file) throws FormatException {
    return decoder.width(file);
  }

  /**
   * Returns the number of latents.
   *
   * @throws FormatException when the encoder's weights are missing or no matrix
   */
  int dSae(TensorFile file) throws FormatException {
    return encoder.latents(file);
  }

  /**
   * Checks the shapes.
   *
   * @throws FormatException naming the tensor that is missing or has another shape
   */
  void requireShapes(TensorFile file, int dIn, int dSae) throws FormatException {
    requireShapes(file, dIn, dSae, dIn);
  }

  /**
   * Checks the shapes of a kind whose decoder may make activations of another width.
   *
   * @throws FormatException naming the tensor that is missing or has another shape
   */
  void requireShapes(TensorFile file, int dIn, int dSae, int dOut) throws FormatException {
    requireShape(file, encoder, dIn, dSae);
    file.info(encoderBias, dSae);
    requireShape(file, decoder, dOut, dSae);
    file.info(decoderBias, dOut);
  }

  private static void requireShape(TensorFile file, Matrix matrix, int dIn, int dSae)
      throws FormatException {
    if (matrix.latentsAreRows) {
      file.info(matrix.name, dSae, dIn);
    } else {
      file.info(matrix.name, dIn, dSae);
    }
  }
}
