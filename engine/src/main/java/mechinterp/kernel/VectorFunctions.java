package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * The functions of single elements and the rotary embedding of {@link VectorKernels}. Functions are
 * taken of a piece of a row in a thread's own memory, so that any input may be the output.
 */
final class VectorFunctions {
  /** Columns of a piece: two of them stay in the first-level cache beside what they come from. */
  private static final int PIECE = 1024;

  private final WorkerPool workers;
  private final ThreadLocal<float[]> values = ThreadLocal.withInitial(() -> new float[PIECE]);
  private final ThreadLocal<float[]> slopes = ThreadLocal.withInitial(() -> new float[PIECE]);

  VectorFunctions(WorkerPool workers) {
    this.workers = workers;
  }

  /** Does something with columns {@code column} to {@code column + length - 1} of a row. */
  private interface PieceWork {
    void run(int row, int column, int length);
  }

  private void forEachPiece(FloatMatrix shape, PieceWork work) {
    workers.forEachRow(
        shape,
        row -> {
          for (int column = 0; column < shape.cols(); column += PIECE) {
            work.run(row, column, Math.min(PIECE, shape.cols() - column));
          }
        });
  }

  private float[] values(ActivationFunction f, FloatMatrix x, int row, int column, int length) {
    float[] piece = values.get();
    copy(x, row, column, length, piece);
    FunctionLoops.apply(f, piece, length);
    return piece;
  }

  private float[] slopes(ActivationFunction f, FloatMatrix x, int row, int column, int length) {
    float[] piece = slopes.get();
    copy(x, row, column, length, piece);
    FunctionLoops.applyDerivative(f, piece, length);
    return piece;
  }

  private static void copy(FloatMatrix x, int row, int column, int length, float[] to) {
    System.arraycopy(HostMemory.floats(x), x.layout().index(row, column), to, 0, length);
  }

  void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    forEachPiece(
        x,
        (row, column, length) ->
            System.arraycopy(
                values(f, x, row, column, length),
                0,
                HostMemory.floats(out),
                out.layout().index(row, column),
                length));
  }

  void activateBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    forEachPiece(
        x,
        (row, column, length) ->
            multiply(dx, dy, slopes(f, x, row, column, length), row, column, length));
  }

  void gatedActivate(FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f) {
    forEachPiece(
        gate,
        (row, column, length) ->
            multiply(out, linear, values(f, gate, row, column, length), row, column, length));
  }

  /** A piece of out = that piece of x, times factors. */
  private static void multiply(
      FloatMatrix out, FloatMatrix x, float[] factors, int row, int column, int length) {
    RowLoops.multiply(
        HostMemory.floats(out),
        out.layout().index(row, column),
        HostMemory.floats(x),
        x.layout().index(row, column),
        factors,
        0,
        length);
  }

  void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f) {
    forEachPiece(
        gate,
        (row, column, length) -> {
          float[] value = values(f, gate, row, column, length);
          float[] slope = slopes(f, gate, row, column, length);
          multiply(linear, row, column, slope, length);
          multiply(dOut, row, column, slope, length);
          multiply(dOut, row, column, value, length);
          System.arraycopy(
              slope, 0, HostMemory.floats(dGate), dGate.layout().index(row, column), length);
          System.arraycopy(
              value, 0, HostMemory.floats(dLinear), dLinear.layout().index(row, column), length);
        });
  }

  /** factors = a piece of x, times factors. */
  private static void multiply(FloatMatrix x, int row, int column, float[] factors, int length) {
    RowLoops.multiply(
        factors, 0, HostMemory.floats(x), x.layout().index(row, column), factors, 0, length);
  }

  void softCap(FloatMatrix out, FloatMatrix x, float cap) {
    forEachPiece(
        x,
        (row, column, length) -> {
          float[] piece = values.get();
          RowLoops.scale(
              piece, 0, HostMemory.floats(x), x.layout().index(row, column), length, 1 / cap);
          FunctionLoops.tanh(piece, length);
          RowLoops.scale(
              HostMemory.floats(out), out.layout().index(row, column), piece, 0, length, cap);
        });
  }

  void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap) {
    workers.forEachRow(
        y,
        row ->
            FunctionLoops.softCapBackward(
                HostMemory.floats(dx),
                dx.layout().index(row, 0),
                HostMemory.floats(dy),
                dy.layout().index(row, 0),
                HostMemory.floats(y),
                y.layout().index(row, 0),
                y.cols(),
                1 / cap));
  }

  void rotary(
      FloatMatrix out,
      FloatMatrix x,
      IntMatrix positions,
      FloatMatrix cos,
      FloatMatrix sin,
      int heads,
      Rotation rotation) {
    int dHead = x.cols() / heads;
    int half = cos.cols();
    float sign = rotation == Rotation.FORWARD ? 1 : -1;
    workers.forEachRow(
        x,
        row -> {
          int position = HostMemory.intAt(positions, 0, row);
          for (int head = 0; head < heads; head++) {
            int from = x.layout().index(row, head * dHead);
            int to = out.layout().index(row, head * dHead);
            FunctionLoops.rotate(
                HostMemory.floats(out),
                to,
                HostMemory.floats(x),
                from,
                half,
                HostMemory.floats(cos),
                cos.layout().index(position, 0),
                HostMemory.floats(sin),
                sin.layout().index(position, 0),
                sign);
            System.arraycopy(
                HostMemory.floats(x),
                from + 2 * half,
                HostMemory.floats(out),
                to + 2 * half,
                dHead - 2 * half);
          }
        });
  }
}
