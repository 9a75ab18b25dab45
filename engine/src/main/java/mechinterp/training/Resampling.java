package mechinterp.training;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.optim.ParameterState;
import mechinterp.random.RandomStream;
import mechinterp.sae.GatedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.SwitchSae;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Makes dead latents anew from activations that are reconstructed badly (Bricken et al. 2023): of a
 * sample, activation x is drawn with probability proportional to (|x - x^|^2)^2, once for each dead
 * latent i, and
 *
 * <pre>
 *   W_dec[i] = (x - b_dec) / |x - b_dec|
 *   W_enc[i] = encoder_norm (mean |W_enc| of the live latents) W_dec[i]
 *   b_enc[i] = 0                          and r_mag[i] = b_mag[i] = 0 of a gated autoencoder,
 *   threshold[i] = initial_threshold      of JumpReLU</pre>
 *
 * and the moments of these numbers are 0. Draws are those of the random stream {@code
 * resample/STEP} of the seed. The sample is of the tokens that are next in the data, which are not
 * used up.
 */
final class Resampling {
  /** The name under which objectives keep how many tokens ago each latent was active. */
  static final String TOKENS_SINCE_FIRING = "tokens_since_firing";

  private static final Set<String> CHANGED =
      Set.of("W_enc", "b_enc", "W_dec", GatedSae.R_MAG, GatedSae.B_MAG, ThresholdSae.THRESHOLD);

  private final Device device;
  private final Kernels kernels;
  private final Sae sae;
  private final TrainConfig config;
  private final ResampleConfig resample;
  private final long[] tokensSinceFiring;
  private final List<ParameterState> states;
  private final FloatMatrix sample;
  private final FloatMatrix reconstruction;
  private final FloatMatrix squares;
  private final FloatMatrix norms;
  private final SparseCodes codes;

  /**
   * Declares the buffers.
   *
   * @param numbers what the objective keeps
   * @param states the parameters with their moments
   * @throws IllegalArgumentException when the objective does not keep when latents were active
   */
  Resampling(
      Workspace workspace,
      Sae sae,
      TrainConfig config,
      ResampleConfig resample,
      Map<String, long[]> numbers,
      List<ParameterState> states) {
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.config = config;
    this.resample = resample;
    requireOneSite(sae);
    requireOneExpert(sae);
    this.tokensSinceFiring = firing(sae, numbers);
    this.states = states;
    int rows = config.batchSize();
    this.sample = workspace.floats("resampling sample", rows, sae.dIn());
    this.reconstruction = workspace.floats("resampling reconstruction", rows, sae.dIn());
    this.squares = workspace.floats("resampling losses", rows, 1);
    this.norms = workspace.floats("resampling encoder norms", sae.dSae(), 1);
    this.codes = workspace.codes("resampling codes", rows, sae.maxActive(), sae.dSae());
  }

  private static void requireOneSite(Sae sae) {
    if (sae.config().rowWidth() != sae.dIn()) {
      throw new IllegalArgumentException(
          "resample: has no effect on %s, which does not reconstruct what it encodes; leave it out"
              .formatted(sae.config().architecture()));
    }
  }

  /** A token drawn for a latent need not be one that its expert ever gets. */
  private static void requireOneExpert(Sae sae) {
    if (sae instanceof SwitchSae) {
      throw new IllegalArgumentException(
          "resample: does not know which expert of %s gets an activation; leave it out"
              .formatted(sae.config().architecture()));
    }
  }

  private static long[] firing(Sae sae, Map<String, long[]> numbers) {
    long[] firing = numbers.get(TOKENS_SINCE_FIRING);
    if (firing == null) {
      throw new IllegalArgumentException(
          "resample: %s does not keep when latents were active; leave it out"
              .formatted(sae.config().architecture()));
    }
    return firing;
  }

  /** Makes the dead latents anew, if there are any and it is time after this step. */
  void after(int step, ActivationBatches batches) {
    int[] dead = resample.isDue(step, config.steps()) ? dead() : new int[0];
    if (dead.length > 0) {
      long position = batches.position();
      double[] cumulative = cumulativeWeights(batches);
      double norm = resample.encoderNorm() * meanEncoderNorm(dead);
      for (Draw draw : draws(step, dead, cumulative)) {
        batches.seek(position + draw.token());
        batches.next(sample.rowRange(0, 1));
        replace(draw.latent(), norm);
      }
      batches.seek(position);
      sae.weightsChanged();
    }
  }

  /** A latent and the token of the sample whose activation it gets. */
  private record Draw(int latent, int token) {}

  /** Returns a draw for each dead latent, by token: a stream then reads each buffer once. */
  private List<Draw> draws(int step, int[] dead, double[] cumulative) {
    RandomStream random = RandomStream.of(config.seed(), "resample/" + step);
    return IntStream.range(0, dead.length)
        .mapToObj(i -> new Draw(dead[i], draw(cumulative, random.uniform(i))))
        .sorted(Comparator.comparingInt(Draw::token))
        .toList();
  }

  private int[] dead() {
    return IntStream.range(0, tokensSinceFiring.length)
        .filter(f -> tokensSinceFiring[f] >= config.auxK().deadAfterTokens())
        .toArray();
  }

  /** Returns the sums of the first 1, 2, ... squared losses of the sample. */
  private double[] cumulativeWeights(ActivationBatches batches) {
    double[] sums = new double[resample.sampleTokens()];
    float[] losses = new float[sample.rows()];
    double sum = 0;
    for (int done = 0; done < sums.length; done += sample.rows()) {
      batches.next(sample);
      sae.encode(codes, sample);
      sae.decode(reconstruction, codes);
      kernels.subtract(reconstruction, reconstruction, sample);
      kernels.rowDots(squares, reconstruction, reconstruction);
      device.download(losses, 0, squares);
      for (int i = 0; i < Math.min(losses.length, sums.length - done); i++) {
        sum += (double) losses[i] * losses[i];
        sums[done + i] = sum;
      }
    }
    return sums;
  }

  /** Returns the first index whose sum is above a share of the whole. */
  static int draw(double[] cumulative, double share) {
    double wanted = share * cumulative[cumulative.length - 1];
    int low = 0;
    int high = cumulative.length - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cumulative[middle] > wanted) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private double meanEncoderNorm(int[] dead) {
    kernels.rowDots(norms, sae.weights().wEnc(), sae.weights().wEnc());
    float[] all = device.toHost(norms);
    for (int latent : dead) {
      all[latent] = Float.NaN;
    }
    return IntStream.range(0, all.length)
        .filter(f -> !Float.isNaN(all[f]))
        .mapToDouble(f -> Math.sqrt(all[f]))
        .average()
        .orElse(1);
  }

  private void replace(int latent, double encoderNorm) {
    SaeWeights weights = sae.weights();
    FloatMatrix decoderRow = weights.wDec().row(latent);
    kernels.addRow(decoderRow, sample.rowRange(0, 1), weights.bDec(), -1);
    kernels.normalizeRows(decoderRow, decoderRow);
    kernels.scale(weights.wEnc().row(latent), decoderRow, (float) encoderNorm);
    kernels.fill(partOf(weights.bEnc(), latent), 0);
    if (sae instanceof ThresholdSae jumpRelu) {
      jumpRelu.initializeThreshold(latent);
    }
    if (sae instanceof GatedSae gated) {
      kernels.fill(partOf(gated.rMag(), latent), 0);
      kernels.fill(partOf(gated.bMag(), latent), 0);
    }
    for (ParameterState state : states) {
      if (CHANGED.contains(state.name())) {
        kernels.fill(partOf(state.firstMoment(), latent), 0);
        kernels.fill(partOf(state.secondMoment(), latent), 0);
      }
    }
    tokensSinceFiring[latent] = 0;
  }

  private static FloatMatrix partOf(FloatMatrix numbers, int latent) {
    return numbers.rows() == 1 ? numbers.columnRange(latent, latent + 1) : numbers.row(latent);
  }
}
