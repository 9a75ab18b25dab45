package mechinterp.cuda.simulator.driver;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import mechinterp.cuda.simulator.Simulator;

/** The state of a driver with one device. */
final class Gpu {
  private final SimulatedGpu form;
  private final Simulator simulator;
  private final Handles handles = new Handles();
  private final List<String> leaks = new ArrayList<>();
  private final ThreadLocal<MemorySegment> current =
      ThreadLocal.withInitial(() -> MemorySegment.NULL);
  private boolean initialised;
  private MemorySegment primary = MemorySegment.NULL;
  private int retained;

  Gpu(SimulatedGpu form) {
    this.form = form;
    simulator = new Simulator(form.order());
  }

  SimulatedGpu form() {
    return form;
  }

  Handles handles() {
    return handles;
  }

  void initialise() {
    initialised = true;
  }

  void requireInitialised() {
    if (!initialised) {
      throw CudaStatus.CUDA_ERROR_NOT_INITIALIZED.because("cuInit has not been called");
    }
  }

  void requireDevice(int device) {
    requireInitialised();
    if (device != 0) {
      throw CudaStatus.CUDA_ERROR_INVALID_DEVICE.because(
          "device %d; there is only 0".formatted(device));
    }
  }

  MemorySegment retain() {
    if (retained++ == 0) {
      primary = handles.add(new Context(simulator, form));
    }
    return primary;
  }

  /** The last release destroys the context and all that is left in it. */
  void release() {
    if (retained == 0) {
      throw CudaStatus.CUDA_ERROR_INVALID_CONTEXT.because("the context is not retained");
    }
    if (--retained == 0) {
      handles
          .remove(primary, Context.class)
          .end(handles)
          .forEach((what, count) -> leaks.add("left in the context: " + count + " " + what));
      handles.clear();
      primary = MemorySegment.NULL;
    }
  }

  MemorySegment currentHandle() {
    return current.get();
  }

  void makeCurrent(MemorySegment context) {
    if (context.address() == 0) {
      current.remove();
    } else {
      handles.get(context, Context.class);
      current.set(context);
    }
  }

  /** The calling thread's context, which may be broken. */
  Context anyContext() {
    requireInitialised();
    MemorySegment handle = current.get();
    if (handle.address() == 0 || handle.address() != primary.address()) {
      throw CudaStatus.CUDA_ERROR_INVALID_CONTEXT.because("the thread has no current context");
    }
    return handles.get(handle, Context.class);
  }

  /** The calling thread's context. */
  Context context() {
    Context context = anyContext();
    context.requireWhole();
    return context;
  }

  /** The stream of a handle, of which 0, 1 and 2 stand for the default stream. */
  StreamQueue stream(MemorySegment handle) {
    return handle.address() <= 2
        ? anyContext().streams().byDefault()
        : handles.get(handle, StreamQueue.class);
  }

  List<String> leaks() {
    List<String> all = new ArrayList<>(leaks);
    if (retained > 0) {
      all.add("the context is still retained, " + retained + " times");
    }
    return List.copyOf(all);
  }
}
