package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/**
 * Streams and events. A question whether work is done lets a little of it be done, so that who asks
 * again and again comes to an end.
 */
@SuppressWarnings("MemberName") // the names of the C functions
final class StreamFunctions {
  private static final int NON_BLOCKING = 1;
  private static final int DISABLE_TIMING = 2;

  private final Gpu gpu;

  StreamFunctions(Gpu gpu) {
    this.gpu = gpu;
  }

  public void cuStreamCreate(MemorySegment stream, int flags) {
    StreamQueue created = gpu.context().streams().create((flags & NON_BLOCKING) == 0);
    stream.set(ADDRESS, 0, gpu.handles().add(created));
  }

  public void cuStreamDestroy_v2(MemorySegment stream) {
    Context context = gpu.anyContext();
    context.streams().destroy(gpu.handles().remove(stream, StreamQueue.class));
    context.requireWhole();
  }

  public void cuStreamSynchronize(MemorySegment stream) {
    gpu.context();
    gpu.stream(stream).runAll();
  }

  public void cuStreamQuery(MemorySegment stream) {
    gpu.context();
    StreamQueue queue = gpu.stream(stream);
    queue.runNext();
    if (!queue.isEmpty()) {
      throw CudaStatus.CUDA_ERROR_NOT_READY.because("the stream has work left");
    }
  }

  public void cuStreamWaitEvent(MemorySegment stream, MemorySegment event, int flags) {
    Context context = gpu.context();
    gpu.handles()
        .get(event, Event.class)
        .last()
        .ifPresent(mark -> context.streams().add(gpu.stream(stream), mark::reach));
  }

  public void cuEventCreate(MemorySegment event, int flags) {
    gpu.context();
    event.set(ADDRESS, 0, gpu.handles().add(new Event((flags & DISABLE_TIMING) == 0)));
  }

  public void cuEventDestroy_v2(MemorySegment event) {
    Context context = gpu.anyContext();
    gpu.handles().remove(event, Event.class);
    context.requireWhole();
  }

  public void cuEventRecord(MemorySegment event, MemorySegment stream) {
    Context context = gpu.context();
    gpu.handles().get(event, Event.class).record(context.streams(), gpu.stream(stream));
  }

  public void cuEventSynchronize(MemorySegment event) {
    gpu.context();
    gpu.handles().get(event, Event.class).last().ifPresent(Event.Mark::reach);
  }

  public void cuEventQuery(MemorySegment event) {
    gpu.context();
    gpu.handles()
        .get(event, Event.class)
        .last()
        .filter(mark -> !mark.isReached())
        .ifPresent(StreamFunctions::approach);
  }

  private static void approach(Event.Mark mark) {
    mark.stream().runNext();
    if (!mark.isReached()) {
      throw CudaStatus.CUDA_ERROR_NOT_READY.because("the event has not been reached");
    }
  }

  public void cuEventElapsedTime(
      MemorySegment milliseconds, MemorySegment start, MemorySegment end) {
    gpu.context();
    Handles handles = gpu.handles();
    milliseconds.set(
        JAVA_FLOAT,
        0,
        Event.milliseconds(handles.get(start, Event.class), handles.get(end, Event.class)));
  }
}
