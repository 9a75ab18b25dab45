package mechinterp.sae.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.AuxDecoderBias;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.LatentBlock;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeParameter;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The auxiliary loss of {@link AuxKConfig} and its share of the gradient. Only the dead latents are
 * encoded, and the codes that come out are given the latents' own numbers. Of several {@link
 * mechinterp.sae.SaeConfig#blocks} each has an equal share of the k_aux latents of a token.
 */
final class AuxK implements DeadLatentLoss {
  private final Kernels kernels;
  private final Sae sae;
  private final AuxKConfig config;
  private final int kAux;
  private final int kOfBlock;
  private final BatchSums sums;

  private final DeadEncoder encoder;
  private final List<SparseCodes> deadCodes = new ArrayList<>();
  private final Optional<SparseCodes> allCodes;
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
    int blocks = sae.config().blocks().size();
    this.kOfBlock = Math.max(1, kAux / blocks);
    int active = kOfBlock * blocks;
    for (int i = 0; i < blocks; i++) {
      String name = SaeParameter.ofBlock("dead latents' codes", i);
      deadCodes.add(workspace.codes(name, batchSize, kOfBlock, dSae));
    }
    this.allCodes =
        blocks > 1
            ? Optional.of(workspace.codes("dead latents' codes", batchSize, active, dSae))
            : Optional.empty();
    DecoderGradient decoder =
        switch (config.decoderBias()) {
          case INCLUDED -> DecoderGradient.WHOLE;
          case EXCLUDED -> DecoderGradient.WITHOUT_BIAS;
        };
    this.term =
        new FurtherReconstruction(workspace, "auxiliary", sae, batchSize, active, sums, decoder);
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
    List<LatentBlock> blocks = sae.config().blocks();
    List<SparseCodes> found = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < blocks.size(); i++) {
      LatentBlock block = blocks.get(i);
      int to = from;
      while (to < dead.length && dead[to] < block.endLatent()) {
        to++;
      }
      if (to > from) {
        int[] own = Arrays.copyOfRange(dead, from, to);
        found.add(encode(deadCodes.get(i), block.inputs(inputs), own));
      }
      from = to;
    }
    SparseCodes local = blocks.size() == 1 ? found.getFirst() : together(found, dead.length);
    kernels.relabel(term.codes(), local, encoder.numbers(dead));
  }

  private SparseCodes encode(SparseCodes room, FloatMatrix inputs, int[] dead) {
    DeadEncoder.Gathered gathered = encoder.gather(dead);
    SparseCodes own = over(room, dead.length);
    kernels.encodeTopK(
        own, inputs, gathered.rows(), gathered.bias(), Math.min(kOfBlock, dead.length));
    return own;
  }

  private SparseCodes together(List<SparseCodes> found, int dead) {
    SparseCodes all = over(allCodes.orElseThrow(), dead);
    kernels.codes().concatenate(all, found);
    return all;
  }

  private static SparseCodes over(SparseCodes room, int latents) {
    return new SparseCodes(room.indices(), room.values(), room.counts(), latents);
  }
}
