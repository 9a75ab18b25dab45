package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link PursuitKernels} with vectors, tokens shared out among the threads. */
final class VectorPursuit implements PursuitKernels {
  private static final int TOKENS_PER_TASK = 4;
  private static final int ROWS_PER_TASK = 256;

  private final WorkerPool workers;
  private final ThreadLocal<PursuitSearch> searches = ThreadLocal.withInitial(PursuitSearch::new);

  VectorPursuit(WorkerPool workers) {
    this.workers = workers;
  }

  @Override
  public void inverseSquares(FloatMatrix out, FloatMatrix dictionary) {
    float[] rows = HostMemory.floats(dictionary);
    float[] to = HostMemory.floats(out);
    int at = out.layout().offset();
    workers.runRows(
        dictionary.rows(),
        ROWS_PER_TASK,
        f -> {
          int row = dictionary.layout().index(f, 0);
          float square = RowLoops.dot(rows, row, rows, row, dictionary.cols());
          to[at + f] = square == 0 ? 0 : 1 / square;
        });
  }

  @Override
  public void encode(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    workers.runRows(
        x.rows(),
        TOKENS_PER_TASK,
        t -> {
          PursuitSearch search = searches.get();
          search.begin(x, t, shortlist, dictionary, inverseSquares);
          search.pursue(form);
          search.writeCodes(new CodeRow(codes, t));
          search.end();
        });
  }

  @Override
  public void fixedPoint(
      FloatMatrix targets,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    workers.runRows(
        x.rows(),
        TOKENS_PER_TASK,
        t -> {
          PursuitSearch search = searches.get();
          search.begin(x, t, shortlist, dictionary, inverseSquares);
          search.pursue(form);
          search.writeTargets(targets, t);
          search.end();
        });
  }
}
