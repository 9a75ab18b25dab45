package mechinterp.sae.objective;

import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The choice and the second loss of {@link MultiTopKConfig}: the 4 k largest positive
 * pre-activations of a token, of which the k largest are the autoencoder's codes, and
 *
 * <pre>  1/8 sum |x - x^|^2 / V,   x^ of all 4 k</pre>
 */
final class MultiTopK implements LatentChoice, FurtherLoss {
  private static final double WEIGHT = 1.0 / 8;

  private final Kernels kernels;
  private final TopKSae sae;
  private final MultiTopKConfig config;
  private final FurtherReconstruction term;

  MultiTopK(Workspace workspace, TopKSae sae, MultiTopKConfig config, int batchSize) {
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.config = config;
    BatchSums sums = new BatchSums(workspace, "4 k", batchSize, config.dIn());
    this.term =
        new FurtherReconstruction(
            workspace, "4 k", sae, batchSize, config.moreK(), sums, DecoderGradient.WHOLE);
  }

  @Override
  public void choose(SparseCodes kept, FloatMatrix inputs) {
    sae.encodePrepared(term.codes(), inputs, config.moreK());
    kernels.selection().keepLargestOfEach(kept, term.codes(), config.k());
  }

  @Override
  public String name() {
    return SaeLoss.MULTI_TOPK;
  }

  @Override
  public double backward(FloatMatrix inputs, FloatMatrix target, double divisor) {
    return term.backward(target, WEIGHT / divisor);
  }

  @Override
  public List<FurtherReconstruction> terms() {
    return List.of(term);
  }
}
