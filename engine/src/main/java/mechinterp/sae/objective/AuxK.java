package mechinterp.sae.objective;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.PackedMatrix;
import mechinterp.sae.AuxDecoderBias;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;

/**
 * The auxiliary loss of {@link AuxKConfig} and its share of the gradient. Only the dead latents are
 * encoded: their encoder rows are gathered and packed anew each time, and the codes that come out
 * are given the latents' own numbers.
 */
final class AuxK {
  private final Device device;
  private final Kernels kernels;
  private final Sae sae;
  private final AuxKConfig config;
  private final int kAux;
  private final BatchSums sums;

  private final IntMatrix deadIds;
  private final PackedMatrix deadEncoder;
  private final FloatMatrix deadBias;
  private final SparseCodes deadCodes;
  private final FurtherReconstruction term;
  private final FloatMatrix noBias;

  AuxK(Workspace workspace, Sae sae, int batchSize, AuxKConfig config, BatchSums sums) {
    int dIn = sae.dIn();
    int dSae = sae.dSae();
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.config = config;
    this.kAux = config.kAux(dIn, dSae);
    this.sums = sums;
    this.deadIds = workspace.ints("dead latents", 1, dSae);
    this.deadEncoder = workspace.packed("dead latents' W_enc packed", dIn, dSae);
    this.deadBias = workspace.floats("dead latents' b_enc", 1, dSae);
    this.deadCodes = workspace.codes("dead latents' codes", batchSize, kAux, dSae);
    DecoderGradient decoder =
        switch (config.decoderBias()) {
          case INCLUDED -> DecoderGradient.WHOLE;
          case EXCLUDED -> DecoderGradient.WITHOUT_BIAS;
        };
    this.term =
        new FurtherReconstruction(workspace, "auxiliary", sae, batchSize, kAux, sums, decoder);
    this.noBias = workspace.floats("no bias", 1, sae.dOut());
  }

  /**
   * Takes the loss and its gradient.
   *
   * @param inputs what the encoder multiplies
   * @param error x^ - x; kept
   * @param dead the dead latents, rising, at least one
   * @param lossDivisor what the reconstruction's squared error is divided by
   */
  double backward(FloatMatrix inputs, FloatMatrix error, int[] dead, double lossDivisor) {
    double divisor = divisor(error, lossDivisor);
    double factor = divisor > 0 ? config.alpha() * scale(dead.length) / divisor : 0;
    encode(inputs, dead);
    FloatMatrix bias =
        config.decoderBias() == AuxDecoderBias.INCLUDED ? sae.weights().bDec() : noBias;
    kernels.decode(term.error(), term.codes(), sae.weights().wDec(), bias);
    kernels.add(term.error(), term.error(), error);
    return term.backward(factor);
  }

  FurtherReconstruction term() {
    return term;
  }

  private double scale(int dead) {
    return switch (config.scale()) {
      case DEAD_SHARE -> Math.min((double) dead / kAux, 1);
      case ONE -> 1;
    };
  }

  private double divisor(FloatMatrix error, double lossDivisor) {
    return switch (config.normalizer()) {
      case SAME_AS_LOSS -> lossDivisor;
      case RESIDUAL_VARIANCE -> sums.variance(error, term.error());
    };
  }

  private void encode(FloatMatrix inputs, int[] dead) {
    IntMatrix ids = deadIds.columnRange(0, dead.length);
    FloatMatrix bias = deadBias.columnRange(0, dead.length);
    SparseCodes local =
        new SparseCodes(deadCodes.indices(), deadCodes.values(), deadCodes.counts(), dead.length);
    device.upload(ids, dead, 0);
    kernels.packRows(deadEncoder, sae.weights().wEnc(), ids);
    kernels.gatherRows(asColumn(bias), asColumn(sae.weights().bEnc()), ids);
    kernels.encodeTopK(local, inputs, deadEncoder, bias, Math.min(kAux, dead.length));
    kernels.relabel(term.codes(), local, ids);
  }

  private static FloatMatrix asColumn(FloatMatrix row) {
    MatrixLayout layout = new MatrixLayout(row.layout().offset(), row.cols(), 1, 1);
    return new FloatMatrix(row.storage(), layout);
  }
}
