package mechinterp.device;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import mechinterp.kernel.CheckedKernels;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;
import mechinterp.tensor.Storage;

/**
 * A device whose memory nothing can read, as a GPU's: matrices are handles, and only its own
 * kernels, upload and download reach the numbers behind them. It computes with the scalar kernels,
 * so it must give the same bits as {@link CpuDevice#scalar()}. It counts what is allocated.
 */
public final class OpaqueDevice implements Device {
  private final Device host = CpuDevice.scalar();
  private final Kernels kernels = new CheckedKernels(opaque(Kernels.class, host.kernels()));
  private long allocatedBytes;

  /** A handle: the numbers are in a host matrix that only the device can reach. */
  private static final class Handle implements Storage {
    private final Storage hidden;

    Handle(Storage hidden) {
      this.hidden = hidden;
    }

    @Override
    public long length() {
      return hidden.length();
    }

    @Override
    public String location() {
      return "opaque memory";
    }
  }

  private record OpaquePacked(PackedMatrix hidden) implements PackedMatrix {
    @Override
    public int rows() {
      return hidden.rows();
    }

    @Override
    public int cols() {
      return hidden.cols();
    }

    @Override
    public int capacity() {
      return hidden.capacity();
    }

    @Override
    public PackedMatrix firstColumns(int number) {
      return new OpaquePacked(hidden.firstColumns(number));
    }
  }

  /** Returns the bytes of all matrices and packed matrices that were ever allocated. */
  public long allocatedBytes() {
    return allocatedBytes;
  }

  private <K> K opaque(Class<K> type, Object behind) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> invoke(behind, method, arguments)));
  }

  private Object invoke(Object behind, Method method, Object[] arguments) throws Throwable {
    Object[] revealed =
        arguments == null
            ? new Object[0]
            : Arrays.stream(arguments).map(OpaqueDevice::reveal).toArray();
    try {
      Object result = method.invoke(behind, revealed);
      if (result instanceof PackedMatrix packed) {
        allocatedBytes += host.kernels().packedBytes(packed.rows(), packed.capacity());
        return new OpaquePacked(packed);
      }
      boolean isGroup = method.getReturnType().getSimpleName().endsWith("Kernels");
      return isGroup ? opaque(method.getReturnType(), result) : result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static Object reveal(Object argument) {
    return switch (argument) {
      case FloatMatrix matrix -> reveal(matrix);
      case IntMatrix matrix -> reveal(matrix);
      case OpaquePacked packed -> packed.hidden();
      case SparseCodes codes ->
          new SparseCodes(
              reveal(codes.indices()),
              reveal(codes.values()),
              reveal(codes.counts()),
              codes.latents());
      case LatentOrder order -> reveal(order);
      case SparseOuterProduct term -> reveal(term);
      case List<?> terms -> terms.stream().map(OpaqueDevice::reveal).toList();
      default -> argument;
    };
  }

  private static FloatMatrix reveal(FloatMatrix matrix) {
    return new FloatMatrix(((Handle) matrix.storage()).hidden, matrix.layout());
  }

  private static IntMatrix reveal(IntMatrix matrix) {
    return new IntMatrix(((Handle) matrix.storage()).hidden, matrix.layout());
  }

  private static LatentOrder reveal(LatentOrder order) {
    return new LatentOrder(reveal(order.starts()), reveal(order.positions()), order.capacity());
  }

  private static SparseOuterProduct reveal(SparseOuterProduct term) {
    return new SparseOuterProduct(
        reveal(term.order()), reveal(term.coefficients()), reveal(term.rows()));
  }

  @Override
  public String name() {
    return "opaque";
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public FloatMatrix floats(int rows, int cols) {
    allocatedBytes += 4L * rows * cols;
    return new FloatMatrix(
        new Handle(host.floats(rows, cols).storage()), MatrixLayout.contiguous(rows, cols));
  }

  @Override
  public IntMatrix ints(int rows, int cols) {
    allocatedBytes += 4L * rows * cols;
    return new IntMatrix(
        new Handle(host.ints(rows, cols).storage()), MatrixLayout.contiguous(rows, cols));
  }

  @Override
  public void upload(FloatMatrix to, float[] from, int offset) {
    host.upload(reveal(to), from, offset);
  }

  @Override
  public void upload(IntMatrix to, int[] from, int offset) {
    host.upload(reveal(to), from, offset);
  }

  @Override
  public void download(float[] to, int offset, FloatMatrix from) {
    host.download(to, offset, reveal(from));
  }

  @Override
  public void download(int[] to, int offset, IntMatrix from) {
    host.download(to, offset, reveal(from));
  }

  @Override
  public long availableBytes() {
    return host.availableBytes();
  }

  @Override
  public void close() {
    host.close();
  }
}
