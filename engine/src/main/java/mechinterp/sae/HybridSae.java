package mechinterp.sae;

import java.util.Arrays;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The autoencoder of {@link HybridSaeConfig}. With z = (x - b_dec) W_enc + b_enc,
 *
 * <pre>
 *   fast codes   f = TopK_k(relu(z))
 *   full codes   f = pursuit of x - b_dec on the shortlist C, the c k largest positive z
 *   x^           = f W_dec + b_dec</pre>
 *
 * The pursuit is that of {@link mechinterp.kernel.PursuitKernels}. Fast codes have the bits of a
 * {@link TopKSae} with the same weights.
 */
public final class HybridSae implements RankedSae {
  private static final int REFINEMENTS = 3;

  private final HybridSaeConfig config;
  private final SaeLayers layers;
  private final SparseCodes shortlist;
  private final FloatMatrix inverseSquares;

  /** Declares an autoencoder in a workspace; all its weights are 0. */
  public HybridSae(Workspace workspace, HybridSaeConfig config) {
    this.config = config;
    this.layers = new SaeLayers(workspace, config);
    this.shortlist =
        workspace.codes("shortlist", SaeLayers.CHUNK, config.shortlist(), config.dSae());
    this.inverseSquares = workspace.floats("1 / |W_dec row|^2", 1, config.dSae());
  }

  /**
   * Returns a new autoencoder whose weights are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static HybridSae allocate(Device device, HybridSaeConfig config) {
    String purpose = "hybrid SAE (d_in %d, d_sae %d)".formatted(config.dIn(), config.dSae());
    return Workspace.allocate(purpose, device, workspace -> new HybridSae(workspace, config));
  }

  /**
   * Returns a hybrid with a copy of the weights of another autoencoder: full codes add the pursuit
   * to one that was trained without it.
   *
   * @throws IllegalArgumentException with the JSON field's name when the sizes differ, or when it
   *     is a transcoder
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static HybridSae withWeightsOf(Sae other, HybridSaeConfig config) {
    Sizes.requireEqual("d_in", config.dIn(), other.dIn());
    Sizes.requireEqual("d_sae", config.dSae(), other.dSae());
    if (!other.config().centresInput()) {
      throw new IllegalArgumentException(
          "architecture: is %s; a hybrid needs weights of a kind that reconstructs its input"
              .formatted(other.config().architecture()));
    }
    HybridSae hybrid = allocate(other.device(), config);
    Kernels kernels = other.device().kernels();
    kernels.copy(hybrid.weights().wEnc(), other.weights().wEnc());
    kernels.copy(hybrid.weights().bEnc(), other.weights().bEnc());
    kernels.copy(hybrid.weights().wDec(), other.weights().wDec());
    kernels.copy(hybrid.weights().bDec(), other.weights().bDec());
    hybrid.weightsChanged();
    return hybrid;
  }

  /**
   * Returns this autoencoder with the {@link HybridSaeConfig#leastCode} with which full codes have
   * k latents in the mean, on a sample. Of all codes that the pursuit holds before it drops some,
   * it is the (k n)-th largest; or a somewhat smaller one, because the sweeps after it end further
   * codes.
   *
   * @param x sample [n, d_in]
   * @throws IllegalArgumentException when the codes of the sample are too few for k in the mean
   */
  public HybridSae withMeanL0(FloatMatrix x) {
    float[] held = heldCodes(x);
    long wanted = wanted(x);
    if (wanted > held.length) {
      throw new IllegalArgumentException(
          "k: is %d, the pursuit holds %.2f latents of a token; overshoot must be larger"
              .formatted(config.k(), (double) held.length / x.rows()));
    }
    return keeping(held, wanted, x);
  }

  /**
   * Returns the same as {@link #withMeanL0}, or, where the pursuit holds fewer than k latents of a
   * token in the mean, this autoencoder with every code that it holds. The encoder of a dictionary
   * that was trained with a gate may have too few positive latents for k.
   *
   * @param x sample [n, d_in]
   */
  public HybridSae withMeanL0AtMost(FloatMatrix x) {
    float[] held = heldCodes(x);
    long wanted = wanted(x);
    return wanted > held.length
        ? withWeightsOf(this, config.withLeastCode(Float.MIN_VALUE))
        : keeping(held, wanted, x);
  }

  private long wanted(FloatMatrix x) {
    return (long) config.k() * x.rows();
  }

  /** Returns all codes that the pursuit holds before it drops some, in rising order. */
  private float[] heldCodes(FloatMatrix x) {
    float[] held = fullCodes(Float.MIN_VALUE, x);
    Arrays.sort(held);
    return held;
  }

  private HybridSae keeping(float[] held, long wanted, FloatMatrix x) {
    double rank = wanted;
    for (int refinement = 0; refinement < REFINEMENTS; refinement++) {
      int found = fullCodes(held[place(held, rank)], x).length;
      rank = Math.min(held.length, rank * wanted / Math.max(1, found));
    }
    return withWeightsOf(this, config.withLeastCode(held[place(held, rank)]));
  }

  private static int place(float[] rising, double rank) {
    return rising.length - (int) Math.round(rank);
  }

  /** Returns the values of all full codes of a sample, with those below the least dropped. */
  private float[] fullCodes(double least, FloatMatrix x) {
    HybridSae sae = withWeightsOf(this, config.withCodes(InferenceCodes.FULL).withLeastCode(least));
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, x);
    int[] counts = device().toHost(codes.counts());
    float[] values = device().toHost(codes.values());
    float[] all = new float[Arrays.stream(counts).sum()];
    int next = 0;
    for (int t = 0; t < counts.length; t++) {
      System.arraycopy(values, t * codes.capacity(), all, next, counts[t]);
      next += counts[t];
    }
    return all;
  }

  @Override
  public HybridSaeConfig config() {
    return config;
  }

  @Override
  public Device device() {
    return layers.device();
  }

  @Override
  public SaeWeights weights() {
    return layers.weights();
  }

  @Override
  public List<SaeParameter> parameters() {
    return weights().parameters(config().blocks());
  }

  @Override
  public int k() {
    return config.k();
  }

  @Override
  public int maxActive() {
    return Math.max(config.k(), config.pursuit().mostActive());
  }

  @Override
  public void prepareInputs(FloatMatrix out, FloatMatrix x) {
    layers.prepareInputs(out, x);
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    switch (config.codes()) {
      case FAST -> layers.encode(codes, x, this::encodeFast);
      case FULL -> layers.encode(codes, x, this::encodeFull);
    }
  }

  /** Writes the encoder's own codes of tokens from which b_dec has been subtracted. */
  public void encodeFast(SparseCodes codes, FloatMatrix inputs) {
    encodePrepared(codes, inputs, config.k());
  }

  /**
   * Writes the encoder's codes among the first latents: the k largest of these, or all if there are
   * fewer, of tokens from which b_dec has been subtracted.
   */
  public void encodePrefix(SparseCodes codes, FloatMatrix inputs, int latents) {
    SparseCodes first = new SparseCodes(codes.indices(), codes.values(), codes.counts(), latents);
    FloatMatrix bias = weights().bEnc().columnRange(0, latents);
    device()
        .kernels()
        .encodeTopK(
            first,
            inputs,
            layers.encoder().firstColumns(latents),
            bias,
            Math.min(config.k(), latents));
  }

  private void encodeFull(SparseCodes codes, FloatMatrix inputs) {
    SparseCodes candidates = shortlist.rowRange(0, inputs.rows());
    encodeShortlist(candidates, inputs);
    pursue(codes, inputs, candidates);
  }

  private void pursue(SparseCodes codes, FloatMatrix inputs, SparseCodes candidates) {
    device()
        .kernels()
        .pursuit()
        .encode(codes, inputs, candidates, weights().wDec(), inverseSquares, config.pursuit());
  }

  @Override
  public void encodeListed(SparseCodes codes, FloatMatrix inputs, SparseCodes listed) {
    switch (config.codes()) {
      case FAST -> encodeListed(codes, inputs, listed, config.k());
      case FULL -> {
        SparseCodes candidates = shortlist.rowRange(0, inputs.rows());
        encodeListed(candidates, inputs, listed, config.shortlist());
        pursue(codes, inputs, candidates);
      }
    }
  }

  private void encodeListed(SparseCodes codes, FloatMatrix inputs, SparseCodes listed, int number) {
    device()
        .kernels()
        .shortlists()
        .encodeListed(codes, inputs, listed, weights().wEnc(), weights().bEnc(), number);
  }

  /** Writes the shortlists of tokens from which b_dec has been subtracted, z as their values. */
  public void encodeShortlist(SparseCodes codes, FloatMatrix inputs) {
    encodePrepared(codes, inputs, config.shortlist());
  }

  @Override
  public void encodePrepared(SparseCodes codes, FloatMatrix inputs, int number) {
    device().kernels().encodeTopK(codes, inputs, layers.encoder(), weights().bEnc(), number);
  }

  /** Writes the fixed points that {@link mechinterp.kernel.PursuitKernels#fixedPoint} finds. */
  public void fixedPoint(FloatMatrix targets, FloatMatrix inputs, SparseCodes candidates) {
    device()
        .kernels()
        .pursuit()
        .fixedPoint(
            targets, inputs, candidates, weights().wDec(), inverseSquares, config.pursuit());
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes) {
    layers.decode(out, codes);
  }

  @Override
  public void weightsChanged() {
    layers.weightsChanged();
    device().kernels().pursuit().inverseSquares(inverseSquares, weights().wDec());
  }

  @Override
  public HybridSae foldInputScale(double scale) {
    HybridSae folded = allocate(device(), config);
    folded.layers.setFolded(layers, List.of(scale));
    folded.weightsChanged();
    return folded;
  }
}
