package mechinterp.device.cuda;

import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.SelectionKernels;
import mechinterp.kernel.ShortlistKernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * What is active. The pre-activations of some rows at a time are stored, for cuBLAS writes nothing
 * else.
 */
final class CudaSelection implements SelectionKernels, ShortlistKernels {
  private static final int BINS = 256;
  private static final int DIGIT_BITS = 8;

  /** Blocks that share the rows of a batch's histogram. */
  private static final int HISTOGRAM_BLOCKS = 256;

  private final Launches launches;
  private final CudaWork work;
  private final CudaProducts products;
  private final int preActivations;

  /**
   * Makes the kernels.
   *
   * @param preActivations how many numbers encoding may hold at once; a row is always held whole
   */
  CudaSelection(Launches launches, CudaProducts products, int preActivations) {
    this.launches = launches;
    this.work = launches.work();
    this.products = products;
    this.preActivations = preActivations;
  }

  // ------------------------------------------------------------------ of all latents

  /** Fills scores [rows, latents] for some rows, and chooses from them. */
  private interface Choice {
    void run(FloatMatrix scores, SparseCodes codes, int from, int to);
  }

  private void inPieces(SparseCodes codes, int rows, int latents, Choice choice) {
    int chunk = Math.clamp(preActivations / Math.max(1, latents), 1, Math.max(1, rows));
    try (DeviceBuffer scratch = work.scratch((long) chunk * latents)) {
      for (int from = 0; from < rows; from += chunk) {
        int to = Math.min(rows, from + chunk);
        FloatMatrix scores = Launches.matrix(scratch, to - from, latents);
        choice.run(scores, codes.rowRange(from, to), from, to);
      }
    }
  }

  void encodeTopK(SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    inPieces(
        codes,
        x.rows(),
        encoder.cols(),
        (scores, chosen, from, to) -> {
          products.matmulPacked(scores, x.rowRange(from, to), encoder);
          try (GpuCodes out = GpuCodes.write(work, chosen)) {
            topK(out, chosen.capacity(), scores, DeviceNumbers.address(bias), k);
            out.finish();
          }
        });
  }

  /**
   * The k largest positive scores of each row.
   *
   * @param bias where what is added to each row is; 0 for nothing
   */
  private void topK(GpuCodes out, int capacity, FloatMatrix scores, long bias, int k) {
    LaunchArguments arguments =
        new LaunchArguments()
            .add(scores)
            .add(bias)
            .add(scores.cols())
            .add(k)
            .add(out.indices())
            .add(out.values())
            .add(out.counts())
            .add(capacity);
    launches.rows(KernelFamily.TOPK, "topk_rows", scores.rows(), scores.cols(), arguments);
  }

  @Override
  public void encodeAbove(
      SparseCodes codes,
      FloatMatrix x,
      PackedMatrix encoder,
      FloatMatrix bias,
      FloatMatrix thresholds) {
    inPieces(
        codes,
        x.rows(),
        encoder.cols(),
        (scores, chosen, from, to) -> {
          products.matmulPacked(scores, x.rowRange(from, to), encoder);
          try (GpuCodes out = GpuCodes.write(work, chosen)) {
            LaunchArguments arguments =
                new LaunchArguments()
                    .add(scores)
                    .add(DeviceNumbers.address(bias))
                    .add(DeviceNumbers.address(thresholds))
                    .add(scores.cols());
            addCodes(arguments, out).add(chosen.capacity());
            launches.warpRows(KernelFamily.SELECTION, "above_thresholds", scores.rows(), arguments);
            out.finish();
          }
        });
  }

  private static LaunchArguments addCodes(LaunchArguments arguments, GpuCodes codes) {
    return arguments.add(codes.indices()).add(codes.values()).add(codes.counts());
  }

  @Override
  public void encodeGroupMax(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    inPieces(
        codes,
        x.rows(),
        encoder.cols(),
        (scores, chosen, from, to) -> {
          products.matmulPacked(scores, x.rowRange(from, to), encoder);
          try (GpuCodes out = GpuCodes.write(work, chosen)) {
            LaunchArguments arguments =
                new LaunchArguments()
                    .add(scores)
                    .add(DeviceNumbers.address(bias))
                    .add(scores.cols() / k)
                    .add(k);
            addCodes(arguments, out).add(chosen.capacity());
            int threads = Launches.WARP * Math.min(k, Launches.THREADS / Launches.WARP);
            launches.launch(
                KernelFamily.SELECTION, "group_maxima", scores.rows(), threads, arguments);
            out.finish();
          }
        });
  }

  // ------------------------------------------------------------------ of codes

  /** Waits for the GPU: what is returned is found there. */
  @Override
  public float keepLargest(SparseCodes codes, long count) {
    int rows = codes.rows();
    try (GpuCodes gpu = GpuCodes.read(work, codes);
        DeviceBuffer histogram = work.scratch(BINS);
        DeviceBuffer ties = work.scratch(rows + 1L);
        DeviceBuffer search = work.scratch(3)) {
      work.clear(histogram, BINS);
      beginSearch(search, (int) Math.min(Integer.MAX_VALUE, count));
      for (int shift = Integer.SIZE - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
        findDigit(gpu, codes, histogram, search, shift);
      }
      LaunchArguments counting = new LaunchArguments().add(ties.address()).add(search.address());
      counting.add(gpu.values()).add(gpu.counts()).add(codes.capacity());
      launches.warpRows(KernelFamily.SELECTION, "batch_ties", rows, counting);
      LaunchArguments sums = new LaunchArguments().add(ties.address()).add(rows + 1);
      launches.launch(
          KernelFamily.SELECTION, "sum_ties", Math.min(1, rows), Launches.THREADS, sums);
      LaunchArguments keeping = addCodes(new LaunchArguments(), gpu).add(codes.capacity());
      keeping.add(ties.address()).add(search.address());
      launches.warpRows(KernelFamily.SELECTION, "batch_keep", rows, keeping);
      gpu.finish();
      return Float.intBitsToFloat(HostReads.ints(work, search.address() + Integer.BYTES, 1)[0]);
    }
  }

  /** Nothing is known yet, and so many are wanted. */
  private void beginSearch(DeviceBuffer search, int wanted) {
    work.clear(search, 3);
    long address = search.address() + 2L * Integer.BYTES;
    int status =
        work.context().enter().cuMemsetD32Async(address, wanted, 1, work.stream().handle());
    work.context().driver().check("cuMemsetD32Async", status);
  }

  private void findDigit(
      GpuCodes gpu, SparseCodes codes, DeviceBuffer histogram, DeviceBuffer search, int shift) {
    LaunchArguments counting =
        new LaunchArguments()
            .add(histogram.address())
            .add(search.address())
            .add(shift)
            .add(gpu.values())
            .add(gpu.counts())
            .add(codes.capacity())
            .add(codes.rows());
    int blocks = Math.min(HISTOGRAM_BLOCKS, codes.rows());
    launches.launch(
        KernelFamily.SELECTION, "batch_histogram", blocks, Launches.THREADS / 2, counting);
    LaunchArguments finding =
        new LaunchArguments().add(histogram.address()).add(search.address()).add(shift);
    launches.launch(KernelFamily.SELECTION, "batch_digit", 1, Launches.WARP, finding);
  }

  @Override
  public void keepLargestOfEach(SparseCodes out, SparseCodes codes, int k) {
    chooseListed(out, codes, codes.values(), k);
  }

  /** The k largest positive of the scores [n, capacity] of what is listed. */
  private void chooseListed(SparseCodes out, SparseCodes listed, FloatMatrix scores, int k) {
    try (GpuCodes from = GpuCodes.read(work, listed);
        GpuCodes to = GpuCodes.write(work, out)) {
      topK(to, out.capacity(), scores, 0, k);
      LaunchArguments arguments =
          new LaunchArguments()
              .add(to.indices())
              .add(to.counts())
              .add(from.indices())
              .add(listed.capacity());
      launches.elements(KernelFamily.CODES, "list_latents", out.rows(), out.capacity(), arguments);
      to.finish();
    }
  }

  // ------------------------------------------------------------------ of a shortlist

  @Override
  public void quantizedTopK(
      SparseCodes shortlist,
      FloatMatrix y,
      IntMatrix levels,
      FloatMatrix scales,
      FloatMatrix bias,
      int m) {
    inPieces(
        shortlist,
        y.rows(),
        shortlist.latents(),
        (scores, chosen, from, to) -> {
          LaunchArguments arguments =
              new LaunchArguments()
                  .add(scores)
                  .add(y.rowRange(from, to))
                  .add(y.cols())
                  .add(DeviceNumbers.address(levels))
                  .add((long) levels.layout().rowStride())
                  .add(DeviceNumbers.address(scales))
                  .add(DeviceNumbers.address(bias));
          launches.elements(
              KernelFamily.SHORTLIST, "quantized_scores", to - from, scores.cols(), arguments);
          try (GpuCodes out = GpuCodes.write(work, chosen)) {
            topK(out, chosen.capacity(), scores, 0, m);
            out.finish();
          }
        });
  }

  @Override
  public void encodeListed(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix weights,
      FloatMatrix bias,
      int k) {
    try (GpuCodes listed = GpuCodes.read(work, shortlist);
        DeviceBuffer scratch = work.scratch(shortlist.values().size())) {
      FloatMatrix scores = Launches.matrix(scratch, x.rows(), shortlist.capacity());
      LaunchArguments arguments =
          new LaunchArguments()
              .add(scores)
              .add(x)
              .add(listed.indices())
              .add(listed.counts())
              .add(shortlist.capacity())
              .add(weights)
              .add(DeviceNumbers.address(bias))
              .add(x.cols());
      launches.launch(
          KernelFamily.SHORTLIST, "listed_scores", x.rows(), Launches.THREADS, arguments);
      chooseListed(codes, shortlist, scores, k);
    }
  }
}
