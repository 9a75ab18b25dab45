package mechinterp.sae.objective;

import java.util.List;
import java.util.Map;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.PenaltyShape;
import mechinterp.kernel.Write;
import mechinterp.sae.AuxiliaryDecoder;
import mechinterp.sae.GatedSae;
import mechinterp.sae.GatedTraining;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The choice of latents and the further losses of a gated autoencoder (Rajamanoharan et al. 2024,
 * arXiv 2404.16014). With p = relu(pi_gate), and the loss |x - x^|^2 / V of the codes f:
 *
 * <pre>
 *   sparsity = lambda sum over tokens and latents of p_i |W_dec[i]| / V
 *   gate     = sum |x - p W_dec - b_dec|^2 / V</pre>
 *
 * Whether a gate is open has no derivative, so pi_gate learns from these two alone; in the second
 * W_dec and b_dec are constants with {@link AuxiliaryDecoder#FROZEN}. With c = dL/df and z = (x -
 * b_dec) W_enc, over the tokens on which latent i is active:
 *
 * <pre>
 *   dL/db_mag[i] = sum of c
 *   dL/dr_mag[i] = sum of c exp(r_mag) z = sum of c f - b_mag[i] dL/db_mag[i]
 *   dL/dz        = c exp(r_mag[i]) + dL/dpi_gate</pre>
 */
final class Gated implements LatentChoice, FurtherLoss, SparsityPenalty {
  private final Kernels kernels;
  private final GatedSae sae;
  private final SparsityCoefficient coefficient;
  private final NormPenalty penalty;
  private final FurtherReconstruction gates;
  private final FloatMatrix gateGradient;
  private final FloatMatrix scaleTerms;
  private final FloatMatrix scaleGradient;
  private final FloatMatrix magnitudeGradient;
  private final FloatMatrix biasTerms;

  Gated(Workspace workspace, GatedSae sae, GatedTraining training, int steps, int batchSize) {
    int latents = sae.dSae();
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.coefficient = new SparsityCoefficient(training.sparsity(), steps);
    this.penalty = new NormPenalty(workspace, sae, batchSize, latents);
    BatchSums sums = new BatchSums(workspace, "gates", batchSize, sae.dOut());
    DecoderGradient decoder =
        switch (training.auxiliaryDecoder()) {
          case FROZEN -> DecoderGradient.NONE;
          case TRAINED -> DecoderGradient.WHOLE;
        };
    this.gates =
        new FurtherReconstruction(workspace, "gates", sae, batchSize, latents, sums, decoder);
    this.gateGradient = workspace.floats("b_gate gradient", 1, latents);
    this.scaleTerms = workspace.floats("r_mag gradient's terms", batchSize, latents);
    this.scaleGradient = workspace.floats("r_mag gradient", 1, latents);
    this.magnitudeGradient = workspace.floats("b_mag gradient", 1, latents);
    this.biasTerms = workspace.floats("b_mag in the r_mag gradient", 1, latents);
  }

  @Override
  public void choose(SparseCodes codes, FloatMatrix inputs) {
    sae.encodeGates(gates.codes(), inputs);
    sae.encodeMagnitudes(codes, gates.codes());
  }

  @Override
  public String name() {
    return SaeLoss.GATE;
  }

  @Override
  public double backward(FloatMatrix inputs, FloatMatrix target, double divisor) {
    return gates.backward(target, 1 / divisor);
  }

  @Override
  public List<FurtherReconstruction> terms() {
    return List.of(gates);
  }

  /** The penalty's slopes join those of the reconstruction by the gates, which came before. */
  @Override
  public double backward(Batch batch) {
    PenaltyShape shape = new PenaltyShape.Linear();
    double factor = coefficient.next(batch.l0()) / batch.divisor();
    penalty.measureNorms();
    penalty.backward(gates.codeGradients(), gates.codes(), gates.order(), shape, factor);
    kernels.latentSums(gateGradient, gates.order(), gates.codeGradients(), Write.SET);
    differentiateMagnitudes(batch);
    return factor * penalty.sum(gates.codes(), shape);
  }

  /** Turns c into the part of dL/dz that comes through the magnitudes. */
  private void differentiateMagnitudes(Batch batch) {
    FloatMatrix gradients = batch.codeGradients();
    kernels.latentSums(magnitudeGradient, batch.order(), gradients, Write.SET);
    kernels.multiply(scaleTerms, gradients, batch.codes().values());
    kernels.latentSums(scaleGradient, batch.order(), scaleTerms, Write.SET);
    kernels.multiply(biasTerms, sae.bMag(), magnitudeGradient);
    kernels.subtract(scaleGradient, scaleGradient, biasTerms);
    kernels.codes().scaleSlots(gradients, batch.codes(), gradients, sae.scales(), 0);
  }

  @Override
  public List<SparseOuterProduct> decoderTerms() {
    return List.of(penalty.decoderTerm());
  }

  /** b_gate has no part of dL/dz that comes through the magnitudes. */
  @Override
  public Map<String, SaeGradient> gradients() {
    return Map.of(
        "b_enc",
        new SaeGradient.Dense(gateGradient),
        GatedSae.R_MAG,
        new SaeGradient.Dense(scaleGradient),
        GatedSae.B_MAG,
        new SaeGradient.Dense(magnitudeGradient));
  }

  @Override
  public Map<String, long[]> numbers() {
    return Map.of("sparsity_coefficient", coefficient.state());
  }
}
