package mechinterp.sae.objective;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/** The loss of {@link EndToEndConfig}, with the derivative of both its terms by x^. */
final class EndToEndReconstruction implements Reconstruction {
  private final Kernels kernels;
  private final Sae sae;
  private final EndToEndConfig config;
  private final WholeReconstruction whole;
  private final FloatMatrix reconstruction;
  private final FloatMatrix gradient;
  private Optional<DownstreamLoss> downstream = Optional.empty();
  private double further;

  EndToEndReconstruction(
      Workspace workspace, Sae sae, int batchSize, BatchSums sums, EndToEndConfig config) {
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.config = config;
    this.whole = new WholeReconstruction(workspace, sae, batchSize, sums);
    this.reconstruction = workspace.floats("reconstruction", batchSize, sae.dOut());
    this.gradient = workspace.floats("gradient of the reconstruction", batchSize, sae.dOut());
  }

  @Override
  public void continueWith(DownstreamLoss loss) {
    downstream = Optional.of(loss);
  }

  @Override
  public void decode(SparseCodes codes, FloatMatrix inputs, FloatMatrix x) {
    whole.decode(codes, inputs, x);
    kernels.add(reconstruction, whole.error(), x);
  }

  @Override
  public FloatMatrix error() {
    return whole.error();
  }

  @Override
  public double squaredError() {
    return whole.squaredError();
  }

  @Override
  public double loss() {
    return config.reconstructionWeight() * whole.loss();
  }

  @Override
  public void differentiate(double divisor) {
    DownstreamLoss loss =
        downstream.orElseThrow(
            () -> new IllegalStateException("end_to_end: nothing was said of what goes on"));
    further = config.weight() * loss.backward(gradient, reconstruction, config.loss());
    kernels.scale(gradient, gradient, (float) config.weight());
    kernels.addScaled(
        gradient, whole.error(), (float) (2 * config.reconstructionWeight() / divisor));
  }

  @Override
  public Map<String, Double> furtherParts() {
    return Map.of(SaeLoss.END_TO_END, further);
  }

  @Override
  public void codeGradients(FloatMatrix out, SparseCodes codes) {
    kernels.codeGradients(out, codes, gradient, sae.weights().wDec());
  }

  @Override
  public List<SparseOuterProduct> decoderTerms(LatentOrder order, SparseCodes codes) {
    return List.of(new SparseOuterProduct(order, codes.values(), gradient));
  }

  @Override
  public FloatMatrix gradient() {
    return gradient;
  }
}
