package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;

/** {@link RowNormKernels}, row by row in double precision; little beside what encodes the rows. */
final class RowNormLoops implements RowNormKernels {
  private final CodeLoops.Rows rows;

  RowNormLoops(CodeLoops.Rows rows) {
    this.rows = rows;
  }

  @Override
  public void normalize(FloatMatrix out, FloatMatrix moments, FloatMatrix x, RowNorm norm) {
    Elements from = new Elements(x);
    Elements to = new Elements(out);
    Elements kept = new Elements(moments);
    rows.run(
        x.rows(),
        i -> {
          double[] row = from.row(i);
          double shift = norm.shift(row);
          double squares = 0;
          for (double each : row) {
            squares += (each - shift) * (each - shift);
          }
          double scale = norm.scale(squares, row.length);
          double divisor = norm.divisor(scale);
          for (int j = 0; j < row.length; j++) {
            to.set(i, j, (float) ((row[j] - shift) / divisor));
          }
          kept.set(i, 0, (float) shift);
          kept.set(i, 1, (float) scale);
        });
  }

  @Override
  public void restore(FloatMatrix x, FloatMatrix moments) {
    Elements values = new Elements(x);
    Elements kept = new Elements(moments);
    rows.run(
        x.rows(),
        i -> {
          for (int j = 0; j < x.cols(); j++) {
            double restored = (double) kept.get(i, 1) * values.get(i, j) + kept.get(i, 0);
            values.set(i, j, (float) restored);
          }
        });
  }
}
