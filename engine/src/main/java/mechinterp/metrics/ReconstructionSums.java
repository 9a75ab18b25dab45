package mechinterp.metrics;

import java.util.ArrayList;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Gathers {@link ReconstructionMetrics} and {@link LatentDensity} from batches. Each token's share
 * does not depend on the other tokens of its batch, and shares are added token by token in double
 * precision, so the results have the same bits however the stream is cut into batches. The
 * activations themselves are brought to the host for their variance: single-precision column sums
 * would be neither exact nor independent of the batches.
 */
public final class ReconstructionSums {
  private final Device device;
  private final Kernels kernels;
  private final int capacity;
  private final FloatMatrix difference;
  private final FloatMatrix rowResult;
  private final float[] x;
  private final float[] squaredErrors;
  private final float[] squaredNorms;
  private final float[] squaredReconstructions;
  private final float[] products;
  private final int[] counts;
  private final int[] indices;

  private final TotalVariance variance;
  private final List<Integer> widths;
  private final double[] squaredErrorsOfHookPoints;
  private final long[] activeTokens;
  private long tokens;
  private long active;
  private double squaredError;
  private double squaredReconstruction;
  private double product;
  private double normRatio;
  private long normRatioTokens;
  private double cosine;

  /**
   * Begins a stream, with buffers from a workspace.
   *
   * @param batchSize largest number of tokens that are added at once
   * @param maxActive largest number of active latents of a token
   */
  public ReconstructionSums(Workspace workspace, int batchSize, int dIn, int dSae, int maxActive) {
    this(workspace, batchSize, List.of(dIn), dSae, maxActive);
  }

  /**
   * Begins a stream of activations of several hook points, which stand side by side.
   *
   * @param widths of the hook points
   */
  public ReconstructionSums(
      Workspace workspace, int batchSize, List<Integer> widths, int dSae, int maxActive) {
    int dIn = widths.stream().mapToInt(Integer::intValue).sum();
    this.widths = List.copyOf(widths);
    this.squaredErrorsOfHookPoints = new double[widths.size()];
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.capacity = batchSize;
    this.difference = workspace.floats("evaluation error", batchSize, dIn);
    this.rowResult = workspace.floats("evaluation row sums", batchSize, 1);
    this.x = workspace.onHost(float[]::new, Math.multiplyExact(batchSize, dIn));
    this.squaredErrors = workspace.onHost(float[]::new, batchSize);
    this.squaredNorms = workspace.onHost(float[]::new, batchSize);
    this.squaredReconstructions = workspace.onHost(float[]::new, batchSize);
    this.products = workspace.onHost(float[]::new, batchSize);
    this.counts = workspace.onHost(int[]::new, batchSize);
    this.indices = workspace.onHost(int[]::new, Math.multiplyExact(batchSize, maxActive));
    this.variance = new TotalVariance(dIn);
    this.activeTokens = workspace.onHost(long[]::new, dSae);
  }

  /**
   * Adds tokens.
   *
   * @param activations x [tokens, d_in]
   * @param reconstruction x^ [tokens, d_in]
   * @param codes the tokens' active latents
   * @throws IllegalArgumentException when there are more tokens than a batch holds
   */
  public void add(FloatMatrix activations, FloatMatrix reconstruction, SparseCodes codes) {
    int rows = activations.rows();
    if (rows > capacity) {
      throw new IllegalArgumentException(
          "metrics: %d tokens were added at once; a batch holds %d".formatted(rows, capacity));
    }
    FloatMatrix error = difference.rowRange(0, rows);
    kernels.subtract(error, activations, reconstruction);
    addErrorsOfHookPoints(error);
    rowDots(squaredErrors, error, error);
    rowDots(squaredNorms, activations, activations);
    rowDots(squaredReconstructions, reconstruction, reconstruction);
    rowDots(products, activations, reconstruction);
    for (int t = 0; t < rows; t++) {
      addToken(squaredErrors[t], squaredNorms[t], squaredReconstructions[t], products[t]);
    }
    device.download(x, 0, activations);
    variance.add(x, rows);
    addActive(codes);
    tokens += rows;
  }

  private void addErrorsOfHookPoints(FloatMatrix error) {
    if (widths.size() == 1) {
      return;
    }
    int first = 0;
    for (int site = 0; site < widths.size(); site++) {
      FloatMatrix own = error.columnRange(first, first + widths.get(site));
      rowDots(squaredErrors, own, own);
      for (int t = 0; t < error.rows(); t++) {
        squaredErrorsOfHookPoints[site] += squaredErrors[t];
      }
      first += widths.get(site);
    }
  }

  private void rowDots(float[] onHost, FloatMatrix a, FloatMatrix b) {
    FloatMatrix result = rowResult.rowRange(0, a.rows());
    kernels.rowDots(result, a, b);
    device.download(onHost, 0, result);
  }

  private void addToken(double error, double norm, double reconstruction, double dot) {
    squaredError += error;
    squaredReconstruction += reconstruction;
    product += dot;
    if (norm > 0) {
      normRatio += Math.sqrt(reconstruction / norm);
      normRatioTokens++;
    }
    if (norm > 0 && reconstruction > 0) {
      cosine += dot / Math.sqrt(norm * reconstruction);
    }
  }

  private void addActive(SparseCodes codes) {
    device.download(counts, 0, codes.counts());
    device.download(indices, 0, codes.indices());
    for (int t = 0; t < codes.rows(); t++) {
      active += counts[t];
      for (int slot = 0; slot < counts[t]; slot++) {
        activeTokens[indices[t * codes.capacity() + slot]]++;
      }
    }
  }

  /**
   * Returns the metrics of all tokens so far.
   *
   * @throws IllegalStateException when there were none
   * @throws IllegalArgumentException when all activations are equal, so that there is no variance
   *     to explain
   */
  public ReconstructionMetrics metrics() {
    LatentDensity density = density();
    double fvu = squaredError / variance();
    return new ReconstructionMetrics(
        tokens,
        fvu,
        1 - fvu,
        squaredError / tokens,
        (double) active / tokens,
        density.deadFraction(),
        normRatio / normRatioTokens,
        squaredReconstruction / product,
        cosine / tokens);
  }

  /**
   * Returns the fvu of each hook point by itself, in the order of the columns: its squared errors
   * over its own variance.
   *
   * @throws IllegalStateException when there were no tokens
   * @throws IllegalArgumentException when all activations of a hook point are equal
   */
  public List<Double> fvuOfHookPoints() {
    if (widths.size() == 1) {
      return List.of(metrics().fvu());
    }
    requireTokens();
    List<Double> fvu = new ArrayList<>();
    int first = 0;
    for (int site = 0; site < widths.size(); site++) {
      double own = variance.value(first, first + widths.get(site));
      if (own == 0) {
        throw new IllegalArgumentException(
            "metrics: %d tokens with equal activations at hook point %d; fvu needs different ones"
                .formatted(tokens, site + 1));
      }
      fvu.add(squaredErrorsOfHookPoints[site] / own);
      first += widths.get(site);
    }
    return fvu;
  }

  /**
   * Returns how often each latent was active so far.
   *
   * @throws IllegalStateException when there were no tokens
   */
  public LatentDensity density() {
    requireTokens();
    return new LatentDensity(activeTokens, tokens);
  }

  private void requireTokens() {
    if (tokens == 0) {
      throw new IllegalStateException("metrics: no token was added");
    }
  }

  private double variance() {
    if (variance.value() == 0) {
      throw new IllegalArgumentException(
          "metrics: %d tokens with equal activations; fvu needs different ones".formatted(tokens));
    }
    return variance.value();
  }
}
