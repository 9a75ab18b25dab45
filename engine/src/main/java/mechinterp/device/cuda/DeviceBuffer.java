package mechinterp.device.cuda;

import java.util.Optional;
import mechinterp.bindings.cuda.CudaDriver;

/** Memory of the GPU. Its address means nothing to the CPU. */
final class DeviceBuffer extends CudaResource {
  private final long address;
  private final long bytes;
  private final Optional<CudaStream> stream;

  /**
   * Makes the handle of memory that has been allocated.
   *
   * @param stream in whose order it is given back; when empty, the device is waited for
   */
  DeviceBuffer(CudaContext context, long address, long bytes, Optional<CudaStream> stream) {
    super(context);
    this.address = address;
    this.bytes = bytes;
    this.stream = stream;
  }

  /**
   * Returns the address for a call.
   *
   * @throws IllegalStateException when it has been given back
   */
  long address() {
    requireOpen();
    return address;
  }

  @Override
  String description() {
    return "device buffer of " + bytes + " bytes";
  }

  @Override
  void release(CudaDriver functions) {
    if (stream.isPresent()) {
      context()
          .driver()
          .check("cuMemFreeAsync", functions.cuMemFreeAsync(address, stream.get().handle()));
    } else {
      context().driver().check("cuMemFree", functions.cuMemFree_v2(address));
    }
  }
}
