package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.HostFloats;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;

/**
 * Attention with a task for each sequence and head: two small products with the softmax between
 * them, in the cache.
 */
final class VectorAttention {
  private final WorkerPool workers;
  private final VectorGemm gemm;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  VectorAttention(WorkerPool workers, VectorGemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
  }

  private static final class Scratch {
    private final PackedPanels keys = new PackedPanels(0, 0);
    private final PackedPanels values = new PackedPanels(0, 0);
    private float[] pattern = new float[0];

    /** A square matrix for the scores of a sequence. */
    FloatMatrix pattern(int tokens) {
      if (pattern.length < tokens * tokens) {
        pattern = new float[tokens * tokens];
      }
      return new FloatMatrix(new HostFloats(pattern), MatrixLayout.contiguous(tokens, tokens));
    }
  }

  void attend(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix sequenceStarts,
      int heads,
      float scale) {
    int[] starts = HostMemory.ints(sequenceStarts);
    int startsAt = sequenceStarts.layout().offset();
    int headSize = q.cols() / heads;
    workers.run(
        (sequenceStarts.cols() - 1) * heads,
        (task, thread) -> {
          int sequence = startsAt + task / heads;
          int column = task % heads * headSize;
          Head head = new Head(starts[sequence], starts[sequence + 1], column, column + headSize);
          attendHead(head.of(out), head.of(q), head.of(k), head.of(v), scale);
        });
  }

  /** The rows of a sequence and the columns of a head. */
  private record Head(int firstRow, int endRow, int firstColumn, int endColumn) {
    FloatMatrix of(FloatMatrix x) {
      return x.rowRange(firstRow, endRow).columnRange(firstColumn, endColumn);
    }
  }

  private void attendHead(
      FloatMatrix out, FloatMatrix q, FloatMatrix k, FloatMatrix v, float scale) {
    int tokens = q.rows();
    Scratch memory = scratch.get();
    PackedPanels keys = packed(memory.keys.reshape(k.cols(), tokens), k, Operand.TRANSPOSED);
    PackedPanels values = packed(memory.values.reshape(tokens, v.cols()), v, Operand.AS_IS);
    FloatMatrix pattern = memory.pattern(tokens);
    gemm.multiplyHere(pattern, q, keys);
    float[] scores = HostMemory.floats(pattern);
    for (int i = 0; i < tokens; i++) {
      FunctionLoops.softmax(scores, i * tokens, scores, i * tokens, tokens, scale);
    }
    gemm.multiplyHere(out, pattern, values);
  }

  private static PackedPanels packed(PackedPanels panels, FloatMatrix x, Operand asX) {
    for (int panel = 0; panel < panels.panels(); panel++) {
      VectorGemm.packPanel(panels, panel, x, asX);
    }
    return panels;
  }
}
