package mechinterp.sae.objective;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.PenaltyShape;
import mechinterp.kernel.Write;
import mechinterp.sae.JumpReluPenalty;
import mechinterp.sae.JumpReluTraining;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StraightThrough;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The choice of latents and the sparsity loss of JumpReLU (Rajamanoharan et al. 2024, arXiv
 * 2407.14435). f = z H(z - theta), with the step H, whose derivative at the threshold is taken to
 * be 1 / width in the band |z - theta| &lt; width / 2:
 *
 * <pre>
 *   dL/dtheta = - sum over the band of (theta dL/df + dL/dH) / width
 *   dL/dz     = dL/df where z &gt; theta, else 0</pre>
 *
 * where dL/dH is what one more active latent adds to the sparsity loss. The negative of the band's
 * terms is added to dL/dz too with {@link StraightThrough#THRESHOLD_AND_INPUT}.
 */
final class JumpRelu implements LatentChoice, SparsityPenalty {
  private final Kernels kernels;
  private final ThresholdSae sae;
  private final JumpReluTraining training;
  private final SparsityCoefficient coefficient;
  private final Optional<NormPenalty> normPenalty;
  private final FloatMatrix lower;
  private final SparseCodes band;
  private final LatentOrder bandOrder;
  private final FloatMatrix bandGradients;
  private final FloatMatrix thresholdGradient;

  JumpRelu(
      Workspace workspace, ThresholdSae sae, JumpReluTraining training, int steps, int batchSize) {
    int latents = sae.dSae();
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.training = training;
    this.coefficient = new SparsityCoefficient(weight(training), steps);
    this.normPenalty =
        training.penalty() == JumpReluPenalty.TANH
            ? Optional.of(new NormPenalty(workspace, sae, batchSize, latents))
            : Optional.empty();
    this.lower = workspace.floats("lower ends of the bands", 1, latents);
    this.band = workspace.codes("band", batchSize, latents, latents);
    this.bandOrder = workspace.order("band order", batchSize, latents, latents);
    this.bandGradients = workspace.floats("band gradients", batchSize, latents);
    this.thresholdGradient = workspace.floats("threshold gradient", 1, latents);
  }

  private static SparsityConfig weight(JumpReluTraining training) {
    SparsityConfig given = training.sparsity();
    return training.penalty() == JumpReluPenalty.TARGET_L0
        ? new SparsityConfig(given.coefficient(), Optional.empty(), given.warmUpFraction())
        : given;
  }

  @Override
  public void choose(SparseCodes codes, FloatMatrix centred) {
    float width = (float) training.bandwidth();
    kernels.fill(lower, -width / 2);
    kernels.add(lower, lower, sae.thresholds());
    sae.encodeAbove(codes, centred, lower);
    kernels.codes().splitAtThresholds(band, codes, column(sae.thresholds()), width);
  }

  private FloatMatrix column(FloatMatrix row) {
    return row.reshaped(sae.dSae(), 1);
  }

  @Override
  public double backward(Batch batch) {
    double perToken = coefficient.next(batch.l0()) / batch.divisor();
    double tokens = batch.codes().rows();
    batch.reconstruction().codeGradients(bandGradients, band);
    return switch (training.penalty()) {
      case STEP -> {
        differentiateBand(perToken);
        yield perToken * tokens * batch.l0();
      }
      case TANH -> {
        double loss = tanh(batch, perToken);
        differentiateBand(0);
        yield loss;
      }
      case TARGET_L0 -> {
        double target = training.sparsity().targetL0().orElseThrow();
        double excess = batch.l0() / target - 1;
        differentiateBand(perToken * 2 * excess / target);
        yield perToken * tokens * excess * excess;
      }
    };
  }

  private double tanh(Batch batch, double factor) {
    PenaltyShape phi = new PenaltyShape.Tanh(training.tanhScale());
    NormPenalty penalty = normPenalty.orElseThrow();
    penalty.measureNorms();
    penalty.addSlopes(bandGradients, band, phi, factor);
    penalty.backward(batch.codeGradients(), batch.codes(), batch.order(), phi, factor);
    return factor * penalty.sum(batch.codes(), phi);
  }

  /** Turns dL/df into (theta dL/df + dL/dH) / width. */
  private void differentiateBand(double byStep) {
    float perWidth = (float) (1 / training.bandwidth());
    kernels.orderByLatent(bandOrder, band);
    kernels.scale(lower, sae.thresholds(), perWidth);
    kernels
        .codes()
        .scaleSlots(bandGradients, band, bandGradients, column(lower), (float) byStep * perWidth);
    kernels.latentSums(thresholdGradient, bandOrder, bandGradients, Write.SET);
    kernels.scale(thresholdGradient, thresholdGradient, -1);
  }

  private boolean reachesInput() {
    return training.straightThrough() == StraightThrough.THRESHOLD_AND_INPUT;
  }

  @Override
  public List<SparseOuterProduct> encoderTerms(FloatMatrix centred) {
    return reachesInput()
        ? List.of(new SparseOuterProduct(bandOrder, bandGradients, centred))
        : List.of();
  }

  @Override
  public void addToEncoderBias(FloatMatrix gradient) {
    if (reachesInput()) {
      kernels.latentSums(gradient, bandOrder, bandGradients, Write.ADD);
    }
  }

  @Override
  public List<SparseOuterProduct> decoderTerms() {
    return normPenalty.map(NormPenalty::decoderTerm).stream().toList();
  }

  @Override
  public Map<String, SaeGradient> gradients() {
    return Map.of(ThresholdSae.THRESHOLD, new SaeGradient.Dense(thresholdGradient));
  }

  @Override
  public Map<String, long[]> numbers() {
    return Map.of("sparsity_coefficient", coefficient.state());
  }
}
