package mechinterp.sae;

import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;

/**
 * The weights of an autoencoder with one encoder and one decoder.
 *
 * @param wEnc the encoder's weights, a row for each latent [d_sae, d_in]: the transpose of the
 *     W_enc in files and formulas
 * @param bEnc the encoder's bias [1, d_sae]; of a gated autoencoder b_gate
 * @param wDec the decoder's weights, a row for each latent [d_sae, d_out]
 * @param bDec the decoder's bias [1, d_out]
 */
public record SaeWeights(FloatMatrix wEnc, FloatMatrix bEnc, FloatMatrix wDec, FloatMatrix bDec) {
  /** Declares the weights of a workspace. */
  public static SaeWeights declare(Workspace workspace, SaeConfig config) {
    return new SaeWeights(
        workspace.floats("W_enc", config.dSae(), config.dIn()),
        workspace.floats("b_enc", 1, config.dSae()),
        workspace.floats("W_dec", config.dSae(), config.dOut()),
        workspace.floats("b_dec", 1, config.dOut()));
  }

  /**
   * Declares the weights of a workspace for an encoder that is the transposed decoder: wEnc is wDec
   * itself, and bEnc is 0 and stays so.
   */
  static SaeWeights tied(Workspace workspace, SaeConfig config) {
    FloatMatrix wDec = workspace.floats("W_dec", config.dSae(), config.dIn());
    return new SaeWeights(
        wDec,
        workspace.floats("no b_enc", 1, config.dSae()),
        wDec,
        workspace.floats("b_dec", 1, config.dIn()));
  }

  /** Returns the weights with their names. */
  List<SaeParameter> parameters() {
    return List.of(
        SaeParameter.free("W_enc", wEnc),
        SaeParameter.free("b_enc", bEnc),
        SaeParameter.decoder("W_dec", wDec),
        SaeParameter.free("b_dec", bDec));
  }
}
