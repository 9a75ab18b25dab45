package mechinterp.sae;

import mechinterp.device.Workspace;
import mechinterp.kernel.RowNorm;
import mechinterp.kernel.RowNormKernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An autoencoder of activations that are brought to one scale, each by itself, before they are
 * encoded, and whose reconstructions are brought back:
 *
 * <pre>
 *   f  = encode((x - shift) / divisor)
 *   x^ = scale decode(f) + shift</pre>
 *
 * with shift, divisor and scale of {@link RowNorm}. Codes alone do not say what x was divided by:
 * {@link #decode} gives the normalised reconstruction, {@link #reconstruct} that of x.
 */
public final class NormalizedSae implements WrappedSae {
  private final Sae sae;
  private final RowNorm norm;
  private final FloatMatrix normalized;
  private final FloatMatrix moments;

  private NormalizedSae(Workspace workspace, Sae sae, RowNorm norm) {
    this.sae = sae;
    this.norm = norm;
    this.normalized = workspace.floats("normalised inputs of a chunk", SaeLayers.CHUNK, sae.dIn());
    this.moments = workspace.floats("moments of a chunk", SaeLayers.CHUNK, RowNormKernels.MOMENTS);
  }

  /** Returns an autoencoder of activations whose normalised form the given one takes. */
  public static NormalizedSae of(Sae sae, RowNorm norm) {
    return Workspace.allocate(
        "normalised inputs", sae.device(), workspace -> new NormalizedSae(workspace, sae, norm));
  }

  /** Returns the autoencoder of normalised activations. */
  @Override
  public Sae sae() {
    return sae;
  }

  /** Returns what activations are brought to. */
  public RowNorm norm() {
    return norm;
  }

  @Override
  public void prepareInputs(FloatMatrix out, FloatMatrix x) {
    inChunks(x, (rows, from, to) -> sae.prepareInputs(out.rowRange(from, to), rows));
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    inChunks(x, (rows, from, to) -> sae.encode(codes.rowRange(from, to), rows));
  }

  @Override
  public void reconstruct(FloatMatrix out, SparseCodes codes, FloatMatrix x) {
    inChunks(
        x,
        (rows, from, to) -> {
          FloatMatrix part = out.rowRange(from, to);
          sae.reconstruct(part, codes.rowRange(from, to), rows);
          device().kernels().rowNorms().restore(part, moments.rowRange(0, to - from));
        });
  }

  @Override
  public void decoderScales(FloatMatrix out, FloatMatrix x) {
    inChunks(
        x,
        (_, from, to) ->
            device()
                .kernels()
                .copy(out.rowRange(from, to), moments.rowRange(0, to - from).columnRange(1, 2)));
  }

  /** What is done with the normalised rows of a chunk. */
  @FunctionalInterface
  private interface Chunk {
    void take(FloatMatrix normalized, int from, int to);
  }

  private void inChunks(FloatMatrix x, Chunk chunk) {
    for (int from = 0; from < x.rows(); from += SaeLayers.CHUNK) {
      int to = Math.min(x.rows(), from + SaeLayers.CHUNK);
      FloatMatrix rows = normalized.rowRange(0, to - from);
      device()
          .kernels()
          .rowNorms()
          .normalize(rows, moments.rowRange(0, to - from), x.rowRange(from, to), norm);
      chunk.take(rows, from, to);
    }
  }

  /** Activations of any scale are normalised to the same. */
  @Override
  public Sae foldInputScale(double scale) {
    return this;
  }
}
