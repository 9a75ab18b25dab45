package mechinterp.kernel;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mechinterp.cuda.simulator.LaunchOrder;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.device.cuda.CudaDevice;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.HostFloats;
import mechinterp.tensor.HostInts;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;
import mechinterp.tensor.Storage;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of a simulated GPU for matrices in host memory, so that the CPU's tests run on it:
 * each call brings the arrays behind its arguments to the GPU, with what lies around the views, and
 * brings them back. Blocks run in falling order and all work as late as can be.
 */
final class OnGpu implements AutoCloseable {
  private final EmulatedDriver driver =
      new EmulatedDriver(SimulatedGpu.ofMebibytes(256).withOrder(LaunchOrder.REVERSE));
  private final CudaDevice gpu = CudaDevice.open(0, driver.cuda(), driver.cublas());
  private final Map<Storage, Storage> twins = new HashMap<>();
  private final Kernels kernels = mirrored(Kernels.class, gpu.kernels());

  Kernels kernels() {
    return kernels;
  }

  private <K> K mirrored(Class<K> type, K target) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> call(target, method, arguments)));
  }

  private @Nullable Object call(Object target, Method method, Object @Nullable [] arguments)
      throws Throwable {
    if (arguments == null) {
      Object part = method.invoke(target);
      return method.getReturnType().isInterface() ? part(method.getReturnType(), part) : part;
    }
    Map<Storage, Storage> used = new HashMap<>();
    Object[] onGpu = new Object[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      onGpu[i] = twin(arguments[i], used);
    }
    try {
      return method.invoke(target, onGpu);
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    } finally {
      used.forEach(this::download);
    }
  }

  private <P> Object part(Class<P> type, Object target) {
    return mirrored(type, type.cast(target));
  }

  private Object twin(Object argument, Map<Storage, Storage> used) {
    return switch (argument) {
      case FloatMatrix matrix -> floats(matrix, used);
      case IntMatrix matrix -> ints(matrix, used);
      case SparseCodes codes ->
          new SparseCodes(
              ints(codes.indices(), used),
              floats(codes.values(), used),
              ints(codes.counts(), used),
              codes.latents());
      case LatentOrder order -> order(order, used);
      case SparseOuterProduct term ->
          new SparseOuterProduct(
              order(term.order(), used),
              floats(term.coefficients(), used),
              floats(term.rows(), used),
              term.firstLatent(),
              term.endLatent());
      case List<?> list -> list.stream().map(each -> twin(each, used)).toList();
      default -> argument;
    };
  }

  private LatentOrder order(LatentOrder order, Map<Storage, Storage> used) {
    return new LatentOrder(
        ints(order.starts(), used), ints(order.positions(), used), order.capacity());
  }

  private FloatMatrix floats(FloatMatrix matrix, Map<Storage, Storage> used) {
    return new FloatMatrix(used.computeIfAbsent(matrix.storage(), this::upload), matrix.layout());
  }

  private IntMatrix ints(IntMatrix matrix, Map<Storage, Storage> used) {
    return new IntMatrix(used.computeIfAbsent(matrix.storage(), this::upload), matrix.layout());
  }

  private Storage upload(Storage host) {
    int length = Math.toIntExact(host.length());
    MatrixLayout all = MatrixLayout.contiguous(1, length);
    return switch (host) {
      case HostFloats numbers -> {
        Storage twin = twins.computeIfAbsent(host, key -> gpu.floats(1, length).storage());
        gpu.upload(new FloatMatrix(twin, all), numbers.array(), 0);
        yield twin;
      }
      case HostInts numbers -> {
        Storage twin = twins.computeIfAbsent(host, key -> gpu.ints(1, length).storage());
        gpu.upload(new IntMatrix(twin, all), numbers.array(), 0);
        yield twin;
      }
      default -> throw new IllegalStateException("not in host memory");
    };
  }

  private void download(Storage host, Storage twin) {
    MatrixLayout all = MatrixLayout.contiguous(1, Math.toIntExact(host.length()));
    switch (host) {
      case HostFloats numbers -> gpu.download(numbers.array(), 0, new FloatMatrix(twin, all));
      case HostInts numbers -> gpu.download(numbers.array(), 0, new IntMatrix(twin, all));
      default -> throw new IllegalStateException("not in host memory");
    }
  }

  /** Returns what the driver did not get back. */
  List<String> closeAndFindLeaks() {
    close();
    return driver.leaks();
  }

  @Override
  public void close() {
    gpu.close();
  }
}
