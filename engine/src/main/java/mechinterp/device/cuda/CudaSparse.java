package mechinterp.device.cuda;

import java.util.List;
import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.NestedKernels;
import mechinterp.kernel.OptimizerKernels;
import mechinterp.kernel.RowConstraint;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/** Decoding of codes, gradients from codes, and the steps along them. */
final class CudaSparse implements NestedKernels, OptimizerKernels {
  /**
   * Rows of codes that a block orders one after the other, unless they would be too many blocks.
   */
  private static final int ROWS_OF_PIECE = 64;

  /** Counters that exist at once while codes are ordered: 64 MiB. */
  private static final int COUNTERS = 1 << 24;

  /** Gradients that exist at once while weights take their step: 8 MiB, which stay in the cache. */
  private static final int GRADIENTS = 1 << 21;

  private final Launches launches;
  private final CudaWork work;

  CudaSparse(Launches launches) {
    this.launches = launches;
    this.work = launches.work();
  }

  // ------------------------------------------------------------------ decoding

  void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(out)
              .add(in.indices())
              .add(in.values())
              .add(in.counts())
              .add(codes.capacity())
              .add(decoder)
              .add(DeviceNumbers.address(bias))
              .add(out.cols());
      launches.rows(KernelFamily.SPARSE, "decode", out.rows(), out.cols(), arguments);
    }
  }

  @Override
  public void addLatents(
      FloatMatrix out, SparseCodes codes, int first, int end, FloatMatrix decoder) {
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(out)
              .add(in.indices())
              .add(in.values())
              .add(in.counts())
              .add(codes.capacity())
              .add(decoder)
              .add(first)
              .add(end)
              .add(out.cols());
      launches.rows(KernelFamily.SPARSE, "add_latents", out.rows(), out.cols(), arguments);
    }
  }

  void codeGradients(FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments = slots(out, in, codes, dOut, decoder).add(dOut.cols());
      bySlot("code_gradients", out, arguments);
    }
  }

  @Override
  public void codeGradients(
      FloatMatrix out,
      SparseCodes codes,
      int first,
      int end,
      FloatMatrix dOut,
      FloatMatrix decoder) {
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments =
          slots(out, in, codes, dOut, decoder).add(first).add(end).add(dOut.cols());
      bySlot("nested_code_gradients", out, arguments);
    }
  }

  private static LaunchArguments slots(
      FloatMatrix out, GpuCodes in, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    return new LaunchArguments()
        .add(out)
        .add(in.indices())
        .add(in.counts())
        .add(codes.capacity())
        .add(dOut)
        .add(decoder);
  }

  private void bySlot(String kernel, FloatMatrix out, LaunchArguments arguments) {
    int threads = Launches.WARP * Math.clamp(out.cols(), 1, Launches.THREADS / Launches.WARP);
    launches.launch(
        KernelFamily.SPARSE, kernel, out.cols() == 0 ? 0 : out.rows(), threads, arguments);
  }

  // ------------------------------------------------------------------ order by latent

  void orderByLatent(LatentOrder out, SparseCodes codes) {
    int latents = out.latents();
    int rows = codes.rows();
    int pieces = Math.clamp(COUNTERS / Math.max(1, latents), 1, pieces(rows, ROWS_OF_PIECE));
    int rowsOfPiece = pieces(rows, pieces);
    long starts = DeviceNumbers.address(out.starts());
    try (GpuCodes in = GpuCodes.read(work, codes);
        DeviceBuffer counters = work.scratch((long) pieces * latents)) {
      work.clear(counters, (long) pieces * latents);
      LaunchArguments counting = new LaunchArguments().add(counters.address());
      byPiece("count_latents", pieces, entries(counting.add(latents), in, codes, rowsOfPiece));
      LaunchArguments sums = new LaunchArguments().add(counters.address()).add(starts);
      launches.threads(
          KernelFamily.ORDER, "entries_before", latents, sums.add(pieces).add(latents));
      launches.launch(
          KernelFamily.ORDER,
          "sum_starts",
          1,
          Launches.THREADS,
          new LaunchArguments().add(starts).add(latents + 1));
      LaunchArguments placing =
          new LaunchArguments()
              .add(DeviceNumbers.address(out.positions()))
              .add(starts)
              .add(counters.address())
              .add(latents);
      byPiece("place_entries", pieces, entries(placing, in, codes, rowsOfPiece));
    }
  }

  /** Rounded up, at least 1. */
  private static int pieces(int rows, int each) {
    return Math.max(1, Math.ceilDiv(rows, each));
  }

  private static LaunchArguments entries(
      LaunchArguments arguments, GpuCodes in, SparseCodes codes, int rowsOfPiece) {
    return arguments
        .add(in.indices())
        .add(in.counts())
        .add(codes.capacity())
        .add(codes.rows())
        .add(rowsOfPiece);
  }

  private void byPiece(String kernel, int pieces, LaunchArguments arguments) {
    launches.launch(KernelFamily.ORDER, kernel, pieces, 2 * Launches.WARP, arguments);
  }

  void latentSums(FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    LaunchArguments arguments =
        new LaunchArguments()
            .add(DeviceNumbers.address(out))
            .add(DeviceNumbers.address(order.starts()))
            .add(DeviceNumbers.address(order.positions()))
            .add(order.capacity())
            .add(coefficients)
            .add(order.latents())
            .add(CudaRows.adds(write));
    launches.warps(KernelFamily.ORDER, "latent_sums", order.latents(), arguments);
  }

  // ------------------------------------------------------------------ gradients and steps

  void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    gradient(out, 0, terms);
  }

  /** out = rows {@code first} and following of the sum of the terms. */
  private void gradient(FloatMatrix out, int first, List<SparseOuterProduct> terms) {
    if (terms.isEmpty()) {
      LaunchArguments zeros = new LaunchArguments().add(out).add(0f);
      launches.elements(KernelFamily.ELEMENTWISE, "fill", out.rows(), out.cols(), zeros);
    }
    int before = 0;
    for (SparseOuterProduct term : terms) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(out)
              .add(DeviceNumbers.address(term.order().starts()))
              .add(DeviceNumbers.address(term.order().positions()))
              .add(term.order().capacity())
              .add(term.coefficients())
              .add(term.rows())
              .add(first)
              .add(term.firstLatent())
              .add(term.endLatent())
              .add(out.cols())
              .add(before++ > 0 ? 1 : 0);
      launches.rows(KernelFamily.OPTIMIZER, "sparse_gradient", out.rows(), out.cols(), arguments);
    }
  }

  /** What is done with the gradient of some rows. */
  private interface RowsWork {
    void run(FloatMatrix gradient, int from, int to);
  }

  private void forGradients(int rows, int cols, List<SparseOuterProduct> terms, RowsWork rowsWork) {
    int chunk = Math.clamp(GRADIENTS / Math.max(1, cols), 1, Math.max(1, rows));
    try (DeviceBuffer scratch = work.scratch((long) chunk * cols)) {
      for (int from = 0; from < rows; from += chunk) {
        int to = Math.min(rows, from + chunk);
        FloatMatrix gradient = Launches.matrix(scratch, to - from, cols);
        gradient(gradient, from, terms);
        rowsWork.run(gradient, from, to);
      }
    }
  }

  @Override
  public void adam(
      FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step) {
    launches.elements(
        KernelFamily.OPTIMIZER, "adam", p.rows(), p.cols(), adamArguments(p, m, v, gradient, step));
  }

  private static LaunchArguments adamArguments(
      FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step) {
    return new LaunchArguments()
        .add(p)
        .add(m)
        .add(v)
        .add(gradient)
        .add(step.correctedLearningRate())
        .add(step.beta1())
        .add(step.beta2())
        .add(step.secondMomentCorrection())
        .add(step.epsilon())
        .add(step.gradientScale());
  }

  /** The gradient of some rows at a time is written out; it is read again at once. */
  @Override
  public void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint) {
    forGradients(
        p.rows(),
        p.cols(),
        terms,
        (gradient, from, to) -> {
          FloatMatrix weights = p.rowRange(from, to);
          FloatMatrix first = m.rowRange(from, to);
          FloatMatrix second = v.rowRange(from, to);
          switch (constraint) {
            case NONE -> adam(weights, first, second, gradient, step);
            case UNIT_NORM ->
                launches.rows(
                    KernelFamily.OPTIMIZER,
                    "adam_unit_norm",
                    to - from,
                    p.cols(),
                    adamArguments(weights, first, second, gradient, step).add(p.cols()));
          }
        });
  }

  @Override
  public void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint) {
    try (GpuColumn column = GpuColumn.write(work, out)) {
      forGradients(
          p.rows(),
          p.cols(),
          terms,
          (gradient, from, to) -> {
            LaunchArguments arguments =
                new LaunchArguments()
                    .add(column.address() + (long) Float.BYTES * from)
                    .add(p.rowRange(from, to))
                    .add(gradient)
                    .add(p.cols())
                    .add(constraint == RowConstraint.UNIT_NORM ? 1 : 0);
            launches.rows(
                KernelFamily.OPTIMIZER, "gradient_squares", to - from, p.cols(), arguments);
          });
      column.finish();
    }
  }

  /** The codes with other names for their latents. */
  void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    try (GpuCodes in = GpuCodes.read(work, codes);
        GpuCodes to = GpuCodes.write(work, out)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(to.indices())
              .add(to.values())
              .add(to.counts())
              .add(in.indices())
              .add(in.values())
              .add(in.counts())
              .add(DeviceNumbers.address(ids));
      launches.elements(KernelFamily.CODES, "relabel", codes.rows(), codes.capacity(), arguments);
      to.finish();
    }
  }
}
