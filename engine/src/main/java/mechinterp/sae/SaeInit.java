package mechinterp.sae;

import java.util.function.Consumer;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * The weights before training: rows of W_dec of random directions and unit norm, W_enc its
 * transpose, b_enc 0, b_dec the centre of a sample of the activations (Gao et al. 2024, A.1). Where
 * the input is not centred b_enc = -(centre of the input) W_enc does it instead, as in
 * EleutherAI/sparsify. Where input and target differ W_enc has random directions of unit norm of
 * its own, and b_dec is the target's centre. W_skip, r_mag and b_mag are 0. A router has random
 * directions of unit norm, and b_dec as its bias.
 */
public final class SaeInit {
  private SaeInit() {}

  /** Returns what {@link #decoderBias} will hold on the device. */
  public static MemoryPlan samplePlan(Device device, int tokens, int dIn) {
    return Workspace.plan(SAMPLE_PURPOSE, device, w -> new GeometricMedian(w, tokens, dIn));
  }

  private static final String SAMPLE_PURPOSE = "sample for b_dec";

  /**
   * Returns the centre of activations, which the biases begin with.
   *
   * @param fill fills a matrix [tokens, d_in] with activations
   * @throws mechinterp.device.InsufficientMemoryException when the sample does not fit
   */
  public static float[] decoderBias(
      Device device, DecoderBiasInit init, int tokens, int dIn, Consumer<FloatMatrix> fill) {
    if (init == DecoderBiasInit.ZERO) {
      return new float[dIn];
    }
    GeometricMedian centre =
        Workspace.allocate(SAMPLE_PURPOSE, device, w -> new GeometricMedian(w, tokens, dIn));
    fill.accept(centre.sample());
    return init == DecoderBiasInit.MEAN ? centre.mean() : centre.median();
  }

  /**
   * Sets the weights: the same for the same seed on any device with the same rounding.
   *
   * @param centre of rows of the data, as wide as {@link SaeConfig#rowWidth}
   */
  public static void initialize(Sae sae, long seed, float[] centre) {
    SaeWeights weights = sae.weights();
    Kernels kernels = sae.device().kernels();
    for (SaeParameter parameter : sae.parameters()) {
      if (parameter.isDecoder()) {
        setDirections(sae.device(), parameter.value(), RandomStream.of(seed, parameter.name()));
      }
    }
    if (sae.config().rowWidth() == sae.dIn()) {
      kernels.copy(weights.wEnc(), weights.wDec());
    } else {
      setDirections(sae.device(), weights.wEnc(), RandomStream.of(seed, "W_enc"));
    }
    sae.skip().ifPresent(matrix -> kernels.fill(matrix, 0));
    setBiases(sae, centre);
    switch (sae) {
      case ThresholdSae jumpRelu -> jumpRelu.initializeThresholds();
      case GatedSae gated -> {
        kernels.fill(gated.rMag(), 0);
        kernels.fill(gated.bMag(), 0);
      }
      case SwitchSae experts -> {
        setDirections(sae.device(), experts.wRouter(), RandomStream.of(seed, "W_router"));
        kernels.copy(experts.bRouter(), weights.bDec());
      }
      case RankedSae _, MatchingPursuitSae _, NormalizedSae _, SelectedSae _ -> {}
    }
    sae.weightsChanged();
  }

  private static void setDirections(Device device, FloatMatrix rows, RandomStream directions) {
    float[] row = new float[rows.cols()];
    for (int f = 0; f < rows.rows(); f++) {
      directions.fillGaussian(row, (long) f * row.length, 1);
      device.upload(rows.row(f), row, 0);
    }
    device.kernels().normalizeRows(rows, rows);
  }

  private static void setBiases(Sae sae, float[] centre) {
    SaeWeights weights = sae.weights();
    Device device = sae.device();
    Kernels kernels = device.kernels();
    device.upload(weights.bDec(), centre, centre.length - sae.dOut());
    if (sae.config().centresInput()) {
      kernels.fill(weights.bEnc(), 0);
    } else {
      FloatMatrix input = device.floats(1, sae.dIn());
      device.upload(input, centre, 0);
      for (LatentBlock block : sae.config().blocks()) {
        kernels.matmul(
            weights.bEnc().columnRange(block.firstLatent(), block.endLatent()),
            block.inputs(input),
            Operand.AS_IS,
            block.latentRows(weights.wEnc()),
            Operand.TRANSPOSED,
            Write.SET);
      }
      kernels.scale(weights.bEnc(), weights.bEnc(), -1);
    }
  }
}
