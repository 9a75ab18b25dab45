package mechinterp.sae.objective;

import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The choice of a crosscoder with {@link mechinterp.sae.CrosscoderScore#NORM_SUM} and k latents of
 * each token: those with the largest z_i S_i, S_i the sum of the layers' norms. After training each
 * latent is scaled, W_enc and b_enc by S_i and W_dec by 1 / S_i, which changes no reconstruction
 * and makes its sum 1: then the largest z are chosen.
 */
final class NormSumChoice implements LatentChoice {
  private final Kernels kernels;
  private final TopKSae sae;
  private final KSchedule schedule;
  private final LayerNormSums sums;
  private final SparseCodes positive;
  private final FloatMatrix zeros;
  private int k;

  NormSumChoice(Workspace workspace, TopKSae sae, KSchedule schedule, int batchSize) {
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.schedule = schedule;
    this.sums = new LayerNormSums(workspace, sae);
    this.positive = workspace.codes("positive pre-activations", batchSize, sae.dSae(), sae.dSae());
    this.zeros = workspace.floats("no limits", 1, sae.dSae());
    this.k = schedule.first();
  }

  @Override
  public int mostActive() {
    return schedule.first();
  }

  @Override
  public void beginStep(int step) {
    k = schedule.at(step);
  }

  @Override
  public void choose(SparseCodes codes, FloatMatrix inputs) {
    sums.measure();
    sae.encodeAbove(positive, inputs, zeros);
    sums.multiply(positive);
    kernels.selection().keepLargestOfEach(codes, positive, k);
    sums.divide(codes);
  }

  @Override
  public void finish() {
    SaeWeights weights = sae.weights();
    FloatMatrix bias = weights.bEnc().reshaped(sae.dSae(), 1);
    sums.measure();
    kernels.codes().scaleRows(weights.wEnc(), weights.wEnc(), sums.sums());
    kernels.codes().scaleRows(bias, bias, sums.sums());
    kernels.codes().scaleRows(weights.wDec(), weights.wDec(), sums.inverses());
    sae.weightsChanged();
  }
}
