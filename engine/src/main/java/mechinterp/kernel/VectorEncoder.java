package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Encoding fused with the selection: each tile of pre-activations is filtered while it is in the
 * first-level cache.
 */
final class VectorEncoder {
  private final VectorGemm gemm;
  private final ThreadLocal<Candidates> candidates = ThreadLocal.withInitial(Candidates::new);

  VectorEncoder(VectorGemm gemm) {
    this.gemm = gemm;
  }

  void encodeTopK(SparseCodes codes, FloatMatrix x, PackedPanels encoder, FloatMatrix bias, int k) {
    gemm.forEachBlock(
        x, encoder, (firstRow, endRow) -> new Block(codes, bias, firstRow, endRow, k));
  }

  /** The rows of a task. */
  private final class Block implements VectorGemm.RowBlock {
    private final SparseCodes codes;
    private final Candidates found = candidates.get();
    private final float[] biases;
    private final int biasAt;
    private final int firstRow;
    private final int endRow;

    Block(SparseCodes codes, FloatMatrix bias, int firstRow, int endRow, int k) {
      this.codes = codes;
      this.biases = HostMemory.floats(bias);
      this.biasAt = bias.layout().offset();
      this.firstRow = firstRow;
      this.endRow = endRow;
      found.begin(endRow - firstRow, k);
    }

    @Override
    public VectorGemm.TileSink sink() {
      return (tile, at, stride, first, end, column, width) -> {
        for (int row = first; row < end; row++) {
          found.offer(
              row - firstRow, tile, at + (row - first) * stride, biases, biasAt, column, width);
        }
      };
    }

    @Override
    public void end() {
      for (int row = firstRow; row < endRow; row++) {
        CodeRow to = new CodeRow(codes, row);
        found.finish(row - firstRow, to);
        to.end();
      }
    }
  }
}
