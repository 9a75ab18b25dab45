package mechinterp.sae.objective;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.sae.AuxDecoderBias;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.AuxNormalizer;
import mechinterp.sae.AuxScale;
import mechinterp.sae.Prefix;

/**
 * The loss of a TopK autoencoder, or transcoder, in double precision, straight from its definition,
 * with nothing shared with the engine. The selection, the residual and the normalisers are held at
 * the point where {@link #freeze} was called, so that finite differences give the gradient of the
 * same function that training differentiates.
 */
final class NaiveTopK {
  final double[][] x;
  final double[][] wEnc;
  final double[] bEnc;
  final double[][] wDec;
  final double[] bDec;

  private List<Prefix> prefixes = List.of();
  private List<Prefix> shortPrefixes = List.of();
  private double wholeWeight = 1;
  private boolean[][][] prefixChosen = {};
  private boolean[][] more = {};
  private double[][] target;
  private double[][] wSkip = {};
  private boolean centred = true;
  private double[][] fixedPoints = {};
  private double fixedPointWeight;
  private double[][] fixedPointInputs = {};
  private boolean[][] chosen = {};
  private boolean[][] auxChosen = {};
  private int[] dead = {};
  private double[][] residual = {};
  private double divisor;
  private double least;
  private double auxFactor;
  private boolean auxBias;

  /** Weights as rows, a row for each latent. */
  NaiveTopK(double[][] x, double[][] wEnc, double[] bEnc, double[][] wDec, double[] bDec) {
    this.x = x;
    this.wEnc = wEnc;
    this.bEnc = bEnc;
    this.wDec = wDec;
    this.bDec = bDec;
    this.target = x;
  }

  /**
   * Makes other activations the target, from which b_dec is not subtracted, and adds x wSkip^T.
   *
   * @param skip [d_out, d_in], or none
   */
  void transcode(double[][] to, double[]... skip) {
    target = to;
    wSkip = skip;
    encodeUncentred();
  }

  /** Leaves b_dec out of what is encoded. */
  void encodeUncentred() {
    centred = false;
  }

  /** Fixes everything that the gradient treats as constant; dead is what no token activates. */
  void freeze(int k, LossNormalizer normalizer, AuxKConfig aux) {
    double[][] z = preActivations();
    freeze(z, choose(z, IntStream.range(0, bEnc.length).toArray(), k), normalizer, aux);
  }

  /** The same with the largest of each of k groups. */
  void freezeGroups(int k, LossNormalizer normalizer, AuxKConfig aux) {
    double[][] z = preActivations();
    boolean[][] largest = new boolean[z.length][bEnc.length];
    int size = bEnc.length / k;
    for (int group = 0; group < bEnc.length; group += size) {
      boolean[][] one = choose(z, IntStream.range(group, group + size).toArray(), 1);
      for (int t = 0; t < z.length; t++) {
        for (int i = group; i < group + size; i++) {
          largest[t][i] = one[t][i];
        }
      }
    }
    freeze(z, largest, normalizer, aux);
  }

  /** Adds an eighth of the loss with k latents of each token. */
  void alsoWith(int k) {
    more = choose(preActivations(), IntStream.range(0, bEnc.length).toArray(), k);
  }

  double lossWithMore() {
    return more.length == 0
        ? 0
        : squares(differences(x, reconstruction(preActivations(), more, bDec))) / divisor / 8;
  }

  /** The same with the k largest of a token in the mean over the batch. */
  void freezeBatch(int k, LossNormalizer normalizer, AuxKConfig aux) {
    double[][] z = preActivations();
    double[] sorted = Arrays.stream(z).flatMapToDouble(Arrays::stream).sorted().toArray();
    least = sorted[sorted.length - k * z.length];
    boolean[][] largest = new boolean[z.length][z[0].length];
    for (int t = 0; t < z.length; t++) {
      for (int i = 0; i < z[t].length; i++) {
        largest[t][i] = z[t][i] >= least;
      }
    }
    freeze(z, largest, normalizer, aux);
  }

  /** Returns the least activation that was chosen. */
  double least() {
    return least;
  }

  private void freeze(double[][] z, boolean[][] active, LossNormalizer normalizer, AuxKConfig aux) {
    int[] all = IntStream.range(0, bEnc.length).toArray();
    chosen = active;
    dead = Arrays.stream(all).filter(i -> Arrays.stream(chosen).noneMatch(row -> row[i])).toArray();
    residual = differences(target, withSkip(reconstruction(z, chosen, bDec)));
    divisor = normalizer == LossNormalizer.TOKENS ? x.length : variance(target);
    int kAux = Math.min(aux.kAux(x[0].length, bEnc.length), dead.length);
    auxChosen = choose(z, dead, kAux);
    auxBias = aux.decoderBias() == AuxDecoderBias.INCLUDED;
    double scale =
        aux.scale() == AuxScale.ONE
            ? 1
            : Math.min(1, (double) dead.length / aux.kAux(x[0].length, bEnc.length));
    double auxDivisor =
        aux.normalizer() == AuxNormalizer.SAME_AS_LOSS ? divisor : variance(residual);
    auxFactor = aux.alpha() * scale / auxDivisor;
  }

  /** Makes the dictionary a nested one. */
  void nest(List<Prefix> by) {
    prefixes = by;
  }

  /** Adds the loss of each short prefix with the k largest of its own latents, held from now on. */
  void alsoPrefixes(List<Prefix> by, int k) {
    shortPrefixes = by.subList(0, by.size() - 1);
    wholeWeight = by.getLast().weight();
    double[][] z = preActivations();
    prefixChosen =
        shortPrefixes.stream()
            .map(prefix -> choose(z, IntStream.range(0, prefix.latents()).toArray(), k))
            .toArray(boolean[][][]::new);
  }

  double prefixLoss() {
    double loss = 0;
    for (int p = 0; p < prefixChosen.length; p++) {
      double[][] made = reconstruction(preActivations(), prefixChosen[p], bDec);
      loss += shortPrefixes.get(p).weight() * squares(differences(x, made));
    }
    return loss / divisor;
  }

  double reconstructionLoss() {
    if (prefixes.isEmpty()) {
      double[][] made = withSkip(reconstruction(preActivations(), chosen, bDec));
      return wholeWeight * squares(differences(target, made)) / divisor;
    }
    double loss = 0;
    for (Prefix prefix : prefixes) {
      boolean[][] first = new boolean[x.length][];
      for (int t = 0; t < x.length; t++) {
        first[t] = chosen[t].clone();
        Arrays.fill(first[t], prefix.latents(), bEnc.length, false);
      }
      double[][] made = reconstruction(preActivations(), first, bDec);
      loss += prefix.weight() * squares(differences(x, made));
    }
    return loss / divisor;
  }

  /**
   * Gives the encoder targets: u[t][i] for the pre-activations of the first tokens, NaN where a
   * latent has none. Their inputs x - b_dec are held too.
   */
  void freezeFixedPoints(double[][] u, double weight) {
    fixedPoints = u;
    fixedPointWeight = weight;
    fixedPointInputs = new double[u.length][bDec.length];
    for (int t = 0; t < u.length; t++) {
      for (int j = 0; j < bDec.length; j++) {
        fixedPointInputs[t][j] = x[t][j] - bDec[j];
      }
    }
  }

  double fixedPointLoss() {
    double loss = 0;
    for (int t = 0; t < fixedPoints.length; t++) {
      for (int i = 0; i < bEnc.length; i++) {
        double z = bEnc[i];
        for (int j = 0; j < bDec.length; j++) {
          z += fixedPointInputs[t][j] * wEnc[i][j];
        }
        double wanted = fixedPoints[t][i];
        loss += Double.isNaN(wanted) ? 0 : (z - wanted) * (z - wanted);
      }
    }
    return fixedPointWeight * loss * x.length / (Math.max(1, fixedPoints.length) * divisor);
  }

  double auxLoss() {
    double[] bias = auxBias ? bDec : new double[bDec.length];
    double[][] estimate = reconstruction(preActivations(), auxChosen, bias);
    return auxFactor * squares(differences(residual, estimate));
  }

  /** Returns the latents that are active on a token, rising. */
  int[] active(int token) {
    return IntStream.range(0, bEnc.length).filter(i -> chosen[token][i]).toArray();
  }

  int[] dead() {
    return dead;
  }

  double[][] preActivations() {
    double[][] z = new double[x.length][bEnc.length];
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < bEnc.length; i++) {
        z[t][i] = bEnc[i];
        for (int j = 0; j < x[t].length; j++) {
          z[t][i] += (x[t][j] - (centred ? bDec[j] : 0)) * wEnc[i][j];
        }
      }
    }
    return z;
  }

  private static boolean[][] choose(double[][] z, int[] among, int k) {
    boolean[][] chosen = new boolean[z.length][z[0].length];
    for (int t = 0; t < z.length; t++) {
      double[] row = z[t];
      Arrays.stream(among)
          .boxed()
          .sorted(Comparator.comparingDouble(i -> -row[i]))
          .limit(k)
          .filter(i -> row[i] > 0)
          .forEach(mark(chosen[t]));
    }
    return chosen;
  }

  private static java.util.function.Consumer<Integer> mark(boolean[] row) {
    return i -> row[i] = true;
  }

  private double[][] reconstruction(double[][] z, boolean[][] active, double[] bias) {
    double[][] out = new double[z.length][];
    for (int t = 0; t < z.length; t++) {
      out[t] = bias.clone();
      for (int i = 0; i < wDec.length; i++) {
        for (int j = 0; active[t][i] && j < bias.length; j++) {
          out[t][j] += z[t][i] * wDec[i][j];
        }
      }
    }
    return out;
  }

  private double[][] withSkip(double[][] made) {
    for (int t = 0; t < made.length; t++) {
      for (int o = 0; o < wSkip.length; o++) {
        for (int j = 0; j < x[t].length; j++) {
          made[t][o] += x[t][j] * wSkip[o][j];
        }
      }
    }
    return made;
  }

  private static double[][] differences(double[][] a, double[][] b) {
    double[][] out = new double[a.length][a[0].length];
    for (int t = 0; t < a.length; t++) {
      for (int j = 0; j < a[t].length; j++) {
        out[t][j] = a[t][j] - b[t][j];
      }
    }
    return out;
  }

  static double squares(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).map(v -> v * v).sum();
  }

  static double variance(double[][] rows) {
    double sum = 0;
    for (int j = 0; j < rows[0].length; j++) {
      int column = j;
      double mean = Arrays.stream(rows).mapToDouble(row -> row[column]).average().orElseThrow();
      sum += Arrays.stream(rows).mapToDouble(row -> row[column] - mean).map(v -> v * v).sum();
    }
    return sum;
  }
}
