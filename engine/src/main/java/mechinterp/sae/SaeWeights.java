package mechinterp.sae;

import java.util.ArrayList;
import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;

/**
 * The weights of an autoencoder.
 *
 * @param wEnc the encoder's weights, a row for each latent [d_sae, d_in]: the transpose of the
 *     W_enc in files and formulas. Of a kind of several {@link SaeConfig#blocks} a row is as wide
 *     as what the latent sees, and a row of wDec is 0 where the latent does not write
 * @param bEnc the encoder's bias [1, d_sae]; of a gated autoencoder b_gate
 * @param wDec the decoder's weights, a row for each latent [d_sae, d_out]
 * @param bDec the decoder's bias [1, d_out]
 */
public record SaeWeights(FloatMatrix wEnc, FloatMatrix bEnc, FloatMatrix wDec, FloatMatrix bDec) {
  /** Declares the weights of a workspace. */
  public static SaeWeights declare(Workspace workspace, SaeConfig config) {
    return new SaeWeights(
        workspace.floats("W_enc", config.dSae(), config.blocks().getFirst().inputWidth()),
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

  /**
   * Returns what is trained, with names: of several blocks W_enc and W_dec are those of each,
   * {@code W_enc_0} and so on.
   */
  List<SaeParameter> parameters(List<LatentBlock> blocks) {
    if (blocks.size() == 1) {
      return List.of(
          SaeParameter.free("W_enc", wEnc),
          SaeParameter.free("b_enc", bEnc),
          SaeParameter.decoder("W_dec", wDec),
          SaeParameter.free("b_dec", bDec));
    }
    List<SaeParameter> parameters = new ArrayList<>();
    parameters.add(SaeParameter.free("b_enc", bEnc));
    parameters.add(SaeParameter.free("b_dec", bDec));
    for (int i = 0; i < blocks.size(); i++) {
      LatentBlock block = blocks.get(i);
      parameters.add(SaeParameter.free(SaeParameter.ofBlock("W_enc", i), block.latentRows(wEnc)));
      parameters.add(SaeParameter.decoder(SaeParameter.ofBlock("W_dec", i), block.decoder(wDec)));
    }
    return List.copyOf(parameters);
  }
}
