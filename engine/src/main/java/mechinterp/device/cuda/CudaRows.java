package mechinterp.device.cuda;

import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.Norm;
import mechinterp.kernel.RowNorm;
import mechinterp.kernel.RowNormKernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** What is done with whole rows: sums, norms, softmax, losses. */
final class CudaRows implements RowNormKernels {
  private final Launches launches;
  private final CudaWork work;

  CudaRows(Launches launches) {
    this.launches = launches;
    this.work = launches.work();
  }

  // ------------------------------------------------------------------ sums

  void scatterAddRows(FloatMatrix table, FloatMatrix x, IntMatrix ids) {
    LaunchArguments arguments =
        new LaunchArguments()
            .add(table)
            .add(x)
            .add(DeviceNumbers.address(ids))
            .add(x.rows())
            .add(x.cols());
    byRow(KernelFamily.ROWS, "scatter_add_rows", x, arguments);
  }

  void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    LaunchArguments arguments =
        new LaunchArguments()
            .add(DeviceNumbers.address(out))
            .add(x)
            .add(x.rows())
            .add(x.cols())
            .add(adds(write));
    launches.columns(KernelFamily.ROWS, "sum_rows", x.cols(), arguments);
  }

  /** What kernels take for adding to what is there. */
  static int adds(Write write) {
    return write == Write.ADD ? 1 : 0;
  }

  void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    try (GpuColumn column = GpuColumn.write(work, out)) {
      LaunchArguments arguments =
          new LaunchArguments().add(column.address()).add(a).add(b).add(a.cols());
      byRow(KernelFamily.ROWS, "row_dots", a, arguments);
      column.finish();
    }
  }

  void normalizeRows(FloatMatrix out, FloatMatrix x) {
    LaunchArguments arguments = new LaunchArguments().add(out).add(x).add(x.cols());
    byRow(KernelFamily.ROWS, "normalize_rows", x, arguments);
  }

  private void byRow(KernelFamily family, String kernel, FloatMatrix x, LaunchArguments arguments) {
    launches.rows(family, kernel, x.rows(), x.cols(), arguments);
  }

  // ------------------------------------------------------------------ norms

  void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
    try (GpuColumn column = GpuColumn.write(work, scale)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(column.address())
              .add(x)
              .add(x.cols())
              .add(epsilon)
              .add(centered(norm));
      byRow(KernelFamily.NORMS, "norm_scale", x, arguments);
      column.finish();
    }
  }

  void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm) {
    try (GpuColumn column = GpuColumn.read(work, scale)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(out)
              .add(x)
              .add(column.address())
              .add(DeviceNumbers.address(gain))
              .add(DeviceNumbers.address(bias))
              .add(x.cols())
              .add(centered(norm));
      byRow(KernelFamily.NORMS, "norm", x, arguments);
    }
  }

  void normBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dy,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      Norm norm) {
    try (GpuColumn divisors = GpuColumn.read(work, scale);
        GpuColumn gradients = GpuColumn.write(work, dScale)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(dx)
              .add(gradients.address())
              .add(dy)
              .add(x)
              .add(divisors.address())
              .add(DeviceNumbers.address(gain))
              .add(x.cols())
              .add(centered(norm));
      byRow(KernelFamily.NORMS, "norm_backward", x, arguments);
      gradients.finish();
    }
  }

  void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm) {
    try (GpuColumn divisors = GpuColumn.read(work, scale);
        GpuColumn gradients = GpuColumn.read(work, dScale)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(dx)
              .add(gradients.address())
              .add(x)
              .add(divisors.address())
              .add(x.cols())
              .add(centered(norm));
      byRow(KernelFamily.NORMS, "norm_scale_backward", x, arguments);
    }
  }

  void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write) {
    try (GpuColumn divisors = GpuColumn.read(work, scale);
        DeviceBuffer means = work.scratch(x.rows())) {
      LaunchArguments ofMeans =
          new LaunchArguments().add(means.address()).add(x).add(x.cols()).add(centered(norm));
      byRow(KernelFamily.NORMS, "norm_means", x, ofMeans);
      LaunchArguments arguments =
          new LaunchArguments()
              .add(DeviceNumbers.address(dGain))
              .add(dy)
              .add(x)
              .add(means.address())
              .add(divisors.address())
              .add(x.rows())
              .add(x.cols())
              .add(adds(write));
      launches.columns(KernelFamily.NORMS, "norm_gain_gradient", x.cols(), arguments);
    }
  }

  private static int centered(Norm norm) {
    return switch (norm) {
      case LAYER -> 1;
      case RMS -> 0;
    };
  }

  @Override
  public void normalize(FloatMatrix out, FloatMatrix moments, FloatMatrix x, RowNorm norm) {
    int centered =
        switch (norm) {
          case LAYER_NORM -> 1;
          case CONSTANT_NORM -> 0;
        };
    LaunchArguments arguments =
        new LaunchArguments().add(out).add(moments).add(x).add(x.cols()).add(centered);
    byRow(KernelFamily.ROWS, "normalize_moments", x, arguments);
  }

  @Override
  public void restore(FloatMatrix x, FloatMatrix moments) {
    LaunchArguments arguments = new LaunchArguments().add(x).add(moments).add(x.cols());
    byRow(KernelFamily.ROWS, "restore_moments", x, arguments);
  }

  // ------------------------------------------------------------------ softmax and losses

  void softmax(FloatMatrix out, FloatMatrix x) {
    LaunchArguments arguments = new LaunchArguments().add(out).add(x).add(x.cols());
    byRow(KernelFamily.SOFTMAX, "softmax", x, arguments);
  }

  void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    LaunchArguments arguments = new LaunchArguments().add(dx).add(dy).add(y).add(y.cols());
    byRow(KernelFamily.SOFTMAX, "softmax_backward", y, arguments);
  }

  void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets) {
    try (GpuColumn column = GpuColumn.write(work, losses)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(column.address())
              .add(logits)
              .add(DeviceNumbers.address(targets))
              .add(logits.cols());
      byRow(KernelFamily.LOSSES, "cross_entropy", logits, arguments);
      column.finish();
    }
  }

  void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights) {
    try (GpuColumn column = GpuColumn.read(work, weights)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(dLogits)
              .add(logits)
              .add(DeviceNumbers.address(targets))
              .add(column.address())
              .add(logits.cols());
      byRow(KernelFamily.LOSSES, "cross_entropy_backward", logits, arguments);
    }
  }

  void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits) {
    try (GpuColumn column = GpuColumn.write(work, out)) {
      LaunchArguments arguments =
          new LaunchArguments().add(column.address()).add(pLogits).add(qLogits).add(pLogits.cols());
      byRow(KernelFamily.LOSSES, "kl_divergence", pLogits, arguments);
      column.finish();
    }
  }
}
