package mechinterp.device.cuda;

import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.CoreKernels;
import mechinterp.kernel.Norm;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;

/**
 * The kernels of a GPU: products by cuBLAS in strict 32-bit arithmetic, the rest by our own
 * kernels. Nothing waits: a call asks for work, and what goes wrong in it is reported by a later
 * call. In which order cuBLAS adds may depend on how many rows there are.
 */
final class CudaKernels implements CoreKernels {
  private static final int WARP = 32;
  private static final int THREADS = 256;

  /** Pre-activations that exist at once while encoding: 64 MiB. */
  private static final int PRE_ACTIVATIONS = 1 << 24;

  private final CudaWork work;
  private final int preActivations;

  CudaKernels(CudaWork work) {
    this(work, PRE_ACTIVATIONS);
  }

  /**
   * With another limit.
   *
   * @param preActivations how many numbers encoding may hold at once; a row is always held whole
   */
  CudaKernels(CudaWork work, int preActivations) {
    this.work = work;
    this.preActivations = preActivations;
  }

  @Override
  public String name() {
    return "cuda";
  }

  // ------------------------------------------------------------------ dense products

  @Override
  public void matmul(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    if (out.size() > 0) {
      work.multiply(out, a, asA, b, asB, write);
    }
  }

  @Override
  public PackedMatrix allocatePacked(int rows, int capacity) {
    int numbers = Math.multiplyExact(rows, capacity);
    DeviceBuffer buffer = work.context().allocate(Math.max(1, packedBytes(rows, capacity)));
    return CudaPacked.in(
        new FloatMatrix(new DeviceNumbers(buffer, numbers), MatrixLayout.contiguous(1, numbers)),
        rows,
        capacity);
  }

  @Override
  public long packedBytes(int rows, int capacity) {
    return (long) Float.BYTES * rows * capacity;
  }

  @Override
  public void pack(PackedMatrix packed, FloatMatrix b, Operand asB) {
    int cols = asB == Operand.AS_IS ? b.cols() : b.rows();
    copy(((CudaPacked) packed).begin(asB, cols), b);
  }

  @Override
  public void packRows(PackedMatrix packed, FloatMatrix weights, IntMatrix ids) {
    gatherRows(((CudaPacked) packed).begin(Operand.TRANSPOSED, ids.cols()), weights, ids);
  }

  @Override
  public void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    CudaPacked factor = (CudaPacked) b;
    matmul(out, a, Operand.AS_IS, factor.numbers(), factor.order(), Write.SET);
  }

  @Override
  public void matmulPackedTransposed(FloatMatrix out, FloatMatrix a, PackedMatrix b, Write write) {
    CudaPacked factor = (CudaPacked) b;
    Operand transposed = factor.order() == Operand.AS_IS ? Operand.TRANSPOSED : Operand.AS_IS;
    matmul(out, a, Operand.AS_IS, factor.numbers(), transposed, write);
  }

  // ------------------------------------------------------------------ elementwise and rows

  @Override
  public void fill(FloatMatrix out, float value) {
    elementwise("fill", out, new LaunchArguments().add(out).add(value));
  }

  @Override
  public void copy(FloatMatrix out, FloatMatrix x) {
    scale(out, x, 1);
  }

  @Override
  public void add(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    elementwise("add", out, new LaunchArguments().add(out).add(a).add(b));
  }

  @Override
  public void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    elementwise("subtract", out, new LaunchArguments().add(out).add(a).add(b));
  }

  @Override
  public void scale(FloatMatrix out, FloatMatrix x, float factor) {
    elementwise("scale", out, new LaunchArguments().add(out).add(x).add(factor));
  }

  @Override
  public void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    elementwise("add_scaled", out, new LaunchArguments().add(out).add(x).add(factor));
  }

  @Override
  public void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    long address = DeviceNumbers.address(row);
    elementwise("add_row", out, new LaunchArguments().add(out).add(x).add(address).add(factor));
  }

  @Override
  public void multiply(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    elementwise("multiply", out, new LaunchArguments().add(out).add(a).add(b));
  }

  @Override
  public void multiplyRow(FloatMatrix out, FloatMatrix x, FloatMatrix row) {
    long address = DeviceNumbers.address(row);
    elementwise("multiply_row", out, new LaunchArguments().add(out).add(x).add(address));
  }

  @Override
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    long address = DeviceNumbers.address(ids);
    elementwise("gather_rows", out, new LaunchArguments().add(out).add(table).add(address));
  }

  @Override
  public void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    elementwise("activate", out, new LaunchArguments().add(out).add(x).add(number(f)));
  }

  @Override
  public void activateBackward(
      FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    elementwise(
        "activate_backward", dx, new LaunchArguments().add(dx).add(dy).add(x).add(number(f)));
  }

  /** The kernels' numbers. */
  private static int number(ActivationFunction f) {
    return switch (f) {
      case GELU -> 0;
      case GELU_TANH -> 1;
      case SILU -> 2;
      case RELU -> 3;
    };
  }

  /** A thread an element. */
  private void elementwise(String kernel, FloatMatrix out, LaunchArguments arguments) {
    if (out.size() > 0) {
      int blocks = (int) ((out.size() + THREADS - 1) / THREADS);
      LaunchArguments all = arguments.add(out.rows()).add(out.cols());
      work.launch(KernelFamily.ELEMENTWISE, kernel, blocks, THREADS, all);
    }
  }

  // ------------------------------------------------------------------ a block a row

  @Override
  public void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
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

  @Override
  public void norm(
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

  private static int centered(Norm norm) {
    return switch (norm) {
      case LAYER -> 1;
      case RMS -> 0;
    };
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    LaunchArguments arguments = new LaunchArguments().add(out).add(x).add(x.cols());
    byRow(KernelFamily.SOFTMAX, "softmax", x, arguments);
  }

  @Override
  public void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    LaunchArguments arguments = new LaunchArguments().add(dx).add(dy).add(y).add(y.cols());
    byRow(KernelFamily.SOFTMAX, "softmax_backward", y, arguments);
  }

  private void byRow(KernelFamily family, String kernel, FloatMatrix x, LaunchArguments arguments) {
    if (x.size() > 0) {
      work.launch(family, kernel, x.rows(), wholeWarps(x.cols()), arguments);
    }
  }

  /** Threads of a block for a row: whole warps, no more than the row has work for. */
  private static int wholeWarps(int cols) {
    return cols >= THREADS ? THREADS : (cols + WARP - 1) / WARP * WARP;
  }

  // ------------------------------------------------------------------ sparse codes

  /** The pre-activations of some rows at a time are stored, for cuBLAS writes nothing else. */
  @Override
  public void encodeTopK(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    int latents = encoder.cols();
    int chunk = Math.clamp(preActivations / latents, 1, Math.max(1, x.rows()));
    try (DeviceBuffer scratch = work.scratch((long) chunk * latents)) {
      for (int from = 0; from < x.rows(); from += chunk) {
        int to = Math.min(x.rows(), from + chunk);
        FloatMatrix scores =
            new FloatMatrix(
                new DeviceNumbers(scratch, (long) chunk * latents),
                MatrixLayout.contiguous(to - from, latents));
        matmulPacked(scores, x.rowRange(from, to), encoder);
        selectTopK(codes.rowRange(from, to), scores, bias, k);
      }
    }
  }

  private void selectTopK(SparseCodes codes, FloatMatrix scores, FloatMatrix bias, int k) {
    try (GpuCodes out = GpuCodes.write(work, codes)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(scores)
              .add(DeviceNumbers.address(bias))
              .add(scores.cols())
              .add(k)
              .add(out.indices())
              .add(out.values())
              .add(out.counts())
              .add(codes.capacity());
      byRow(KernelFamily.TOPK, "topk_rows", scores, arguments);
      out.finish();
    }
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
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
      byRow(KernelFamily.SPARSE, "decode", out, arguments);
    }
  }

  @Override
  public void codeGradients(
      FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    if (out.size() == 0) {
      return;
    }
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(out)
              .add(in.indices())
              .add(in.counts())
              .add(codes.capacity())
              .add(dOut)
              .add(decoder)
              .add(dOut.cols());
      int warps = Math.min(THREADS / WARP, codes.capacity());
      work.launch(KernelFamily.SPARSE, "code_gradients", out.rows(), WARP * warps, arguments);
    }
  }
}
