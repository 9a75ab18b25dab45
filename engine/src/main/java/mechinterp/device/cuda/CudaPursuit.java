package mechinterp.device.cuda;

import java.util.List;
import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.PursuitForm;
import mechinterp.kernel.PursuitKernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** Pursuit on a shortlist, a block a token. */
final class CudaPursuit implements PursuitKernels {
  private static final int THREADS = 128;

  private final Launches launches;
  private final CudaWork work;

  CudaPursuit(Launches launches) {
    this.launches = launches;
    this.work = launches.work();
  }

  @Override
  public void inverseSquares(FloatMatrix out, FloatMatrix dictionary) {
    LaunchArguments arguments =
        new LaunchArguments()
            .add(DeviceNumbers.address(out))
            .add(dictionary)
            .add(dictionary.cols());
    launches.rows(
        KernelFamily.ROWS, "inverse_squares", dictionary.rows(), dictionary.cols(), arguments);
  }

  @Override
  public void encode(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    try (Search search = new Search(x, shortlist, dictionary, inverseSquares);
        GpuCodes out = GpuCodes.write(work, codes)) {
      search.pursue(form);
      LaunchArguments arguments =
          new LaunchArguments()
              .add(out.indices())
              .add(out.values())
              .add(out.counts())
              .add(codes.capacity())
              .add(search.codes.address())
              .add(search.listed.indices())
              .add(search.listed.counts())
              .add(shortlist.capacity());
      launches.warpRows(KernelFamily.PURSUIT, "pursuit_codes", x.rows(), arguments);
      out.finish();
    }
  }

  @Override
  public void fixedPoint(
      FloatMatrix targets,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    try (Search search = new Search(x, shortlist, dictionary, inverseSquares)) {
      search.pursue(form);
      search.launch("pursuit_targets", new LaunchArguments().add(targets));
    }
  }

  /** The tokens' memory and what all kernels take. */
  private final class Search implements AutoCloseable {
    private final FloatMatrix x;
    private final SparseCodes shortlist;
    private final FloatMatrix dictionary;
    private final FloatMatrix inverseSquares;
    private final GpuCodes listed;
    private final DeviceBuffer residuals;
    private final DeviceBuffer codes;
    private final DeviceBuffer gains;
    private final DeviceBuffer held;
    private final DeviceBuffer heldCounts;

    Search(
        FloatMatrix x, SparseCodes shortlist, FloatMatrix dictionary, FloatMatrix inverseSquares) {
      this.x = x;
      this.shortlist = shortlist;
      this.dictionary = dictionary;
      this.inverseSquares = inverseSquares;
      listed = GpuCodes.read(work, shortlist);
      residuals = work.scratch(x.size());
      codes = work.scratch(shortlist.values().size());
      gains = work.scratch(shortlist.values().size());
      held = work.scratch(shortlist.values().size());
      heldCounts = work.scratch(x.rows());
    }

    void pursue(PursuitForm form) {
      launch("pursuit_begin", new LaunchArguments().add(x));
      for (int round = 1; round <= form.rounds(); round++) {
        launch("pursuit_round", new LaunchArguments().add(form.held(round)));
      }
      launch("pursuit_end", new LaunchArguments().add(form.mostActive()).add(form.leastCode()));
    }

    void launch(String kernel, LaunchArguments first) {
      LaunchArguments arguments =
          first
              .add(residuals.address())
              .add(codes.address())
              .add(gains.address())
              .add(held.address())
              .add(heldCounts.address())
              .add(listed.indices())
              .add(listed.counts())
              .add(shortlist.capacity())
              .add(dictionary)
              .add(DeviceNumbers.address(inverseSquares))
              .add(dictionary.cols());
      launches.launch(KernelFamily.PURSUIT, kernel, x.rows(), THREADS, arguments);
    }

    @Override
    public void close() {
      List.of(heldCounts, held, gains, codes, residuals).forEach(DeviceBuffer::close);
      listed.close();
    }
  }
}
