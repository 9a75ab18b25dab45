package mechinterp.sae.objective;

import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.AuxDecoderBias;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The auxiliary loss of {@link AuxKConfig} and its share of the gradient. Only the dead latents are
 * encoded, and the codes that come out are given the latents' own numbers.
 */
final class AuxK implements DeadLatentLoss {
  private final Kernels kernels;
  private final Sae sae;
  private final AuxKConfig config;
  private final int kAux;
  private final BatchSums sums;

  private final DeadEncoder encoder;
  private final SparseCodes deadCodes;
  private final FurtherReconstruction term;
  private final FloatMatrix noBias;

  AuxK(Workspace workspace, Sae sae, int batchSize, AuxKConfig config, BatchSums sums) {
    int dSae = sae.dSae();
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.config = config;
    this.kAux = config.kAux(sae.dIn(), dSae);
    this.sums = sums;
    this.encoder = new DeadEncoder(workspace, sae);
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

  @Override
  public String name() {
    return SaeLoss.AUXILIARY;
  }

  @Override
  public double backward(FloatMatrix inputs, FloatMatrix error, int[] dead, double lossDivisor) {
    double divisor = divisor(error, lossDivisor);
    double factor = divisor > 0 ? config.alpha() * scale(dead.length) / divisor : 0;
    encode(inputs, dead);
    FloatMatrix bias =
        config.decoderBias() == AuxDecoderBias.INCLUDED ? sae.weights().bDec() : noBias;
    kernels.decode(term.error(), term.codes(), sae.weights().wDec(), bias);
    kernels.add(term.error(), term.error(), error);
    return term.backward(factor);
  }

  @Override
  public FurtherReconstruction term() {
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
    DeadEncoder.Gathered gathered = encoder.gather(dead);
    SparseCodes local =
        new SparseCodes(deadCodes.indices(), deadCodes.values(), deadCodes.counts(), dead.length);
    kernels.encodeTopK(
        local, inputs, gathered.rows(), gathered.bias(), Math.min(kAux, dead.length));
    kernels.relabel(term.codes(), local, gathered.ids());
  }
}
