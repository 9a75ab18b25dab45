package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Encoding fused with the selection: each tile of pre-activations is filtered while it is in the
 * first-level cache.
 */
final class VectorEncoder {
  /**
   * Rows of a task: enough that a chunk of the weights is used often, few enough to share out
   * evenly.
   */
  private static final int ROWS_PER_TASK = 37 * Tiles.HIGH;

  private final WorkerPool workers;
  private final VectorGemm gemm;
  private final ThreadLocal<Candidates> candidates = ThreadLocal.withInitial(Candidates::new);

  VectorEncoder(WorkerPool workers, VectorGemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
  }

  void encodeTopK(SparseCodes codes, FloatMatrix x, PackedPanels encoder, FloatMatrix bias, int k) {
    VectorGemm.Rows rows = gemm.rows(x);
    int tasks = workers.threads() * Math.ceilDiv(rows.count(), workers.threads() * ROWS_PER_TASK);
    workers.run(
        tasks,
        (task, thread) ->
            encodeRows(
                codes,
                rows,
                VectorGemm.cut(rows.count(), task, tasks),
                VectorGemm.cut(rows.count(), task + 1, tasks),
                encoder,
                bias,
                k));
  }

  private void encodeRows(
      SparseCodes codes,
      VectorGemm.Rows x,
      int firstRow,
      int endRow,
      PackedPanels encoder,
      FloatMatrix bias,
      int k) {
    Candidates found = candidates.get();
    found.begin(endRow - firstRow, k);
    float[] biases = HostMemory.floats(bias);
    int biasAt = bias.layout().offset();
    VectorGemm.TileSink filter =
        (tile, at, stride, first, end, column, width) -> {
          for (int row = first; row < end; row++) {
            found.offer(
                row - firstRow, tile, at + (row - first) * stride, biases, biasAt, column, width);
          }
        };
    int chunks = VectorGemm.chunks(encoder);
    for (int chunk = 0; chunk < chunks; chunk++) {
      int firstPanel = VectorGemm.cut(encoder.panels(), chunk, chunks);
      int endPanel = VectorGemm.cut(encoder.panels(), chunk + 1, chunks);
      gemm.forEachTile(x, firstRow, endRow, encoder, firstPanel, endPanel, filter);
    }
    for (int row = firstRow; row < endRow; row++) {
      finish(codes, row, found, row - firstRow);
    }
  }

  private static void finish(SparseCodes codes, int row, Candidates found, int token) {
    float[] values = HostMemory.floats(codes.values());
    int[] latents = HostMemory.ints(codes.indices());
    IntMatrix counts = codes.counts();
    int valuesAt = codes.values().layout().index(row, 0);
    int latentsAt = codes.indices().layout().index(row, 0);
    int count = found.finish(token, values, valuesAt, latents, latentsAt);
    Arrays.fill(values, valuesAt + count, valuesAt + codes.capacity(), 0);
    Arrays.fill(latents, latentsAt + count, latentsAt + codes.capacity(), 0);
    HostMemory.ints(counts)[counts.layout().index(row, 0)] = count;
  }
}
