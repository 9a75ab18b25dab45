package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link NestedKernels} with vectors, token by token. */
final class VectorNested implements NestedKernels {
  private static final int TOKENS_PER_TASK = 16;

  private final WorkerPool workers;

  VectorNested(WorkerPool workers) {
    this.workers = workers;
  }

  @Override
  public void addLatents(
      FloatMatrix out, SparseCodes codes, int first, int end, FloatMatrix decoder) {
    float[] to = HostMemory.floats(out);
    float[] rows = HostMemory.floats(decoder);
    workers.runRows(
        codes.rows(),
        TOKENS_PER_TASK,
        t -> {
          int at = out.layout().index(t, 0);
          CodeRow row = new CodeRow(codes, t);
          for (int slot = 0; slot < row.before(); slot++) {
            int latent = row.latent(slot);
            if (latent >= first && latent < end) {
              int from = decoder.layout().index(latent, 0);
              RowLoops.addScaled(to, at, to, at, rows, from, out.cols(), row.value(slot));
            }
          }
        });
  }

  @Override
  public void codeGradients(
      FloatMatrix out,
      SparseCodes codes,
      int first,
      int end,
      FloatMatrix dOut,
      FloatMatrix decoder) {
    float[] to = HostMemory.floats(out);
    float[] rows = HostMemory.floats(decoder);
    float[] gradients = HostMemory.floats(dOut);
    workers.runRows(
        codes.rows(),
        TOKENS_PER_TASK,
        t -> {
          int gradientAt = dOut.layout().index(t, 0);
          CodeRow row = new CodeRow(codes, t);
          for (int slot = 0; slot < row.before(); slot++) {
            int latent = row.latent(slot);
            if (latent >= first && latent < end) {
              to[out.layout().index(t, slot)] =
                  RowLoops.dot(
                      rows, decoder.layout().index(latent, 0), gradients, gradientAt, dOut.cols());
            }
          }
        });
  }
}
