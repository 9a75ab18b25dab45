package mechinterp.sae;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The iterations of {@link MatchingPursuitSae} on a chunk of tokens at once. The products with the
 * dictionary are never stored: choosing the largest one is TopK's encoding with k = 1. Tokens that
 * are done leave the chunk.
 */
final class GreedyPicks {
  private final Device device;
  private final Kernels kernels;
  private final MatchingPursuitConfig config;
  private final SaeLayers layers;
  private final int mostActive;

  private final SparseCodes largest;
  private final FloatMatrix other;
  private final FloatMatrix squares;
  private final IntMatrix rowsThatGoOn;

  /** What the last iteration found, by row of the residuals. */
  private final int[] latents;

  private final float[] values;
  private final int[] counts;
  private final float[] squaresOnHost;

  /** The tokens that are not done, and the rows of them that go on. */
  private final int[] tokens;

  private final int[] goingOn;

  /** What is picked so far, by token. */
  private final int[] picked;

  private final float[] activations;
  private final int[] active;

  GreedyPicks(Workspace workspace, MatchingPursuitConfig config, SaeLayers layers) {
    int chunk = SaeLayers.CHUNK;
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.config = config;
    this.layers = layers;
    this.mostActive = config.mostActive();
    this.largest = workspace.codes("largest products", chunk, 1, config.dSae());
    this.other = workspace.floats("residuals of the others", chunk, config.dIn());
    this.squares = workspace.floats("squares of residuals", chunk, 1);
    this.rowsThatGoOn = workspace.ints("rows that go on", 1, chunk);
    this.latents = workspace.onHost(int[]::new, chunk);
    this.values = workspace.onHost(float[]::new, chunk);
    this.counts = workspace.onHost(int[]::new, chunk);
    this.squaresOnHost = workspace.onHost(float[]::new, chunk);
    this.tokens = workspace.onHost(int[]::new, chunk);
    this.goingOn = workspace.onHost(int[]::new, chunk);
    this.picked = workspace.onHost(int[]::new, Math.multiplyExact(chunk, mostActive));
    this.activations = workspace.onHost(float[]::new, Math.multiplyExact(chunk, mostActive));
    this.active = workspace.onHost(int[]::new, chunk);
  }

  /**
   * Writes the codes of tokens from which b_dec has been subtracted.
   *
   * @param inputs overwritten
   */
  void encode(SparseCodes codes, FloatMatrix inputs) {
    int running = inputs.rows();
    FloatMatrix residuals = inputs;
    FloatMatrix spare = other.rowRange(0, running);
    Arrays.setAll(tokens, t -> t);
    Arrays.fill(active, 0);
    for (int i = 0; i < config.iterations() && running > 0; i++) {
      pick(residuals.rowRange(0, running));
      int kept = record(running);
      if (kept < running && kept > 0) {
        keep(spare.rowRange(0, kept), residuals.rowRange(0, running));
        FloatMatrix before = residuals;
        residuals = spare;
        spare = before;
      }
      running = kept;
    }
    write(codes);
  }

  /** Finds the largest product of each residual and subtracts its part. */
  private void pick(FloatMatrix residuals) {
    int rows = residuals.rows();
    SparseCodes found = largest.rowRange(0, rows);
    kernels.encodeTopK(found, residuals, layers.encoder(), layers.weights().bEnc(), 1);
    device.download(latents, 0, found.indices());
    device.download(values, 0, found.values());
    device.download(counts, 0, found.counts());
    kernels.scale(found.values(), found.values(), -1);
    kernels.nested().addLatents(residuals, found, 0, config.dSae(), layers.weights().wDec());
    if (config.residualThreshold() > 0) {
      kernels.rowDots(squares.rowRange(0, rows), residuals, residuals);
      device.download(squaresOnHost, 0, squares.rowRange(0, rows));
    }
  }

  /** Takes down what was picked; returns how many tokens go on. */
  private int record(int rows) {
    int kept = 0;
    for (int row = 0; row < rows; row++) {
      int token = tokens[row];
      if (counts[row] > 0 && goesOn(row, add(token, latents[row], values[row]))) {
        goingOn[kept] = row;
        tokens[kept++] = token;
      }
    }
    return kept;
  }

  private boolean goesOn(int row, boolean isNew) {
    return (isNew || !config.stopOnDuplicateSupport())
        && !(Math.sqrt(squaresOnHost[row]) < config.residualThreshold());
  }

  /** Adds to the activation of a latent; returns whether it was not active before. */
  private boolean add(int token, int latent, float value) {
    int first = token * mostActive;
    int end = first + active[token];
    for (int i = first; i < end; i++) {
      if (picked[i] == latent) {
        activations[i] += value;
        return false;
      }
    }
    picked[end] = latent;
    activations[end] = value;
    active[token]++;
    return true;
  }

  private void keep(FloatMatrix to, FloatMatrix from) {
    IntMatrix rows = rowsThatGoOn.columnRange(0, to.rows());
    device.upload(rows, goingOn, 0);
    kernels.gatherRows(to, from, rows);
  }

  /** Writes what was picked by rising latent. */
  private void write(SparseCodes codes) {
    int capacity = codes.capacity();
    int[] indices = new int[Math.multiplyExact(codes.rows(), capacity)];
    float[] written = new float[indices.length];
    for (int token = 0; token < codes.rows(); token++) {
      int first = token * mostActive;
      long[] entries = new long[active[token]];
      Arrays.setAll(entries, i -> ((long) picked[first + i] << Integer.SIZE) + first + i);
      Arrays.sort(entries);
      for (int i = 0; i < entries.length; i++) {
        int at = (int) entries[i];
        indices[token * capacity + i] = picked[at];
        written[token * capacity + i] = activations[at];
      }
    }
    device.upload(codes.indices(), indices, 0);
    device.upload(codes.values(), written, 0);
    device.upload(codes.counts(), active, 0);
  }
}
