package mechinterp.sae;

import mechinterp.tensor.FloatMatrix;

/**
 * A tensor of an autoencoder that is trained.
 *
 * @param name as in files, such as {@code W_enc}
 * @param value its numbers; those of the weights have a row for each latent
 * @param isDecoder whether the rows are the latents' directions, whose norms may be kept at 1
 */
public record SaeParameter(String name, FloatMatrix value, boolean isDecoder) {
  /** The name of the skip connection in files and among the parameters. */
  public static final String SKIP = "W_skip";

  /** Returns the name of a part of a tensor: that of one of several {@link SaeConfig#blocks}. */
  public static String ofBlock(String name, int block) {
    return name + "_" + block;
  }

  static SaeParameter free(String name, FloatMatrix value) {
    return new SaeParameter(name, value, false);
  }

  static SaeParameter decoder(String name, FloatMatrix value) {
    return new SaeParameter(name, value, true);
  }
}
