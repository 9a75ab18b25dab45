package mechinterp.device.cuda;

import mechinterp.bindings.cuda.CudaDriver;

/** Something that the driver gave and that must be given back, by hand or with the context. */
abstract class CudaResource implements AutoCloseable {
  private final CudaContext context;
  private boolean closed;

  CudaResource(CudaContext context) {
    this.context = context;
  }

  final CudaContext context() {
    return context;
  }

  /** What messages call it. */
  abstract String description();

  /** Gives it back. */
  abstract void release(CudaDriver functions);

  /**
   * Makes the context current in the calling thread.
   *
   * @throws IllegalStateException when this has been closed
   */
  final CudaDriver enter() {
    requireOpen();
    return context.enter();
  }

  final void requireOpen() {
    if (closed) {
      throw new IllegalStateException(description() + ": used after it was closed");
    }
  }

  /** Gives it back once; a second time does nothing. */
  @Override
  public final void close() {
    synchronized (context) {
      if (!closed) {
        closed = true;
        context.forget(this);
        release(context.enterToRelease());
      }
    }
  }
}
