package mechinterp.sae;

import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An autoencoder that looks only at the latents on a {@link Selector}'s shortlist. Their
 * pre-activations are the encoder's own, bit for bit, and what follows is the autoencoder's: the k
 * largest, or a hybrid's pursuit on its c k largest. A latent that the selector misses is not
 * active; nothing else differs from the autoencoder. Encoding one token reads a fraction of the
 * weights' bytes; for hundreds of tokens at once the autoencoder itself is faster. When weights
 * change the selector stays: for other ones it must be distilled anew.
 */
public final class SelectedSae implements WrappedSae {
  private final RankedSae sae;
  private final Selector selector;
  private final FloatMatrix inputs;
  private final PackedMatrix projection;
  private final FloatMatrix projected;
  private final SparseCodes shortlist;

  private SelectedSae(Workspace workspace, RankedSae sae, Selector selector) {
    int rank = selector.config().rank();
    this.sae = sae;
    this.selector = selector;
    this.inputs = workspace.floats("encoder inputs of a chunk", SaeLayers.CHUNK, sae.dIn());
    this.projection = workspace.packed("V packed", sae.dIn(), rank);
    this.projected = workspace.floats("projected inputs", SaeLayers.CHUNK, rank);
    this.shortlist =
        workspace.codes(
            "selector's shortlist", SaeLayers.CHUNK, size(sae, selector.config()), sae.dSae());
  }

  /**
   * Returns an autoencoder that chooses with a selector.
   *
   * @throws IllegalArgumentException when no selector can serve its kind, or this one is of other
   *     sizes
   * @throws mechinterp.device.InsufficientMemoryException when the buffers do not fit
   */
  public static SelectedSae of(Sae sae, Selector selector) {
    RankedSae ranked = requireRanked(sae);
    Sizes.requireEqual("selector's d_in", selector.dIn(), sae.dIn());
    Sizes.requireEqual("selector's d_sae", selector.dSae(), sae.dSae());
    SelectedSae selected =
        Workspace.allocate(
            "selector", sae.device(), workspace -> new SelectedSae(workspace, ranked, selector));
    selected.kernels().pack(selected.projection, selector.projection(), Operand.TRANSPOSED);
    return selected;
  }

  /**
   * Returns an autoencoder whose latents are chosen by size alone.
   *
   * @throws IllegalArgumentException when it is another
   */
  public static RankedSae requireRanked(Sae sae) {
    if (sae instanceof RankedSae ranked && !(sae.config() instanceof GroupMaxConfig)) {
      return ranked;
    }
    throw new IllegalArgumentException(
        "architecture: is %s; a selector serves what chooses latents by size alone, TopK and hybrids"
            .formatted(sae.config().architecture()));
  }

  /** Returns how many latents a shortlist of such a selector has. */
  public static int size(RankedSae sae, SelectorConfig config) {
    return config.shortlist(sae.k(), sae.dSae());
  }

  /** Returns the autoencoder that looks at all latents. */
  @Override
  public RankedSae sae() {
    return sae;
  }

  /** Returns what chooses the shortlist. */
  public Selector selector() {
    return selector;
  }

  /** Returns the bytes of weights that encoding one token reads, up to its k or c k largest. */
  public long bytesPerToken() {
    return selector.bytesOfScores() + bytesOfRows(shortlist.capacity());
  }

  /** Returns the bytes of weights that it reads without the selector. */
  public long denseBytesPerToken() {
    return bytesOfRows(dSae());
  }

  /** b_dec, and so many rows of W_enc with their biases. */
  private long bytesOfRows(long rows) {
    return Float.BYTES * (dIn() + rows * (dIn() + 1));
  }

  /**
   * Writes the shortlists, scores as their values.
   *
   * @param codes with room for {@link #size} latents of each token
   * @param prepared what {@link #prepareInputs} wrote, at most 1,024 tokens
   */
  public void encodeShortlist(SparseCodes codes, FloatMatrix prepared) {
    FloatMatrix y = projected.rowRange(0, prepared.rows());
    kernels().matmulPacked(y, prepared, projection);
    kernels()
        .shortlists()
        .quantizedTopK(
            codes, y, selector.levels(), selector.scales(), selector.bias(), shortlist.capacity());
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    for (int from = 0; from < x.rows(); from += SaeLayers.CHUNK) {
      int to = Math.min(x.rows(), from + SaeLayers.CHUNK);
      FloatMatrix prepared = inputs.rowRange(0, to - from);
      SparseCodes listed = shortlist.rowRange(0, to - from);
      sae.prepareInputs(prepared, x.rowRange(from, to));
      encodeShortlist(listed, prepared);
      sae.encodeListed(codes.rowRange(from, to), prepared, listed);
    }
  }

  private Kernels kernels() {
    return device().kernels();
  }

  @Override
  public SelectedSae foldInputScale(double scale) {
    return of(sae.foldInputScale(scale), selector.folded(device(), List.of(dIn()), List.of(scale)));
  }

  @Override
  public SelectedSae foldScales(List<Double> scales) {
    Sae folded = sae.foldScales(scales);
    return of(folded, selector.folded(device(), config().siteWidths(), scales));
  }
}
