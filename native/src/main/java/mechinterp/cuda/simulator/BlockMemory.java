package mechinterp.cuda.simulator;

/** All memory that a block's threads see. */
final class BlockMemory {
  private final GlobalMemory global;
  private final SharedMemory shared;
  private final CheckedBytes parameters;
  private final CheckedBytes[] locals;
  private final Dimensions threads;

  BlockMemory(
      GlobalMemory global,
      SharedMemory shared,
      CheckedBytes parameters,
      int localBytes,
      Dimensions threads) {
    this.global = global;
    this.shared = shared;
    this.parameters = parameters;
    this.threads = threads;
    locals = new CheckedBytes[localBytes == 0 ? 0 : (int) threads.count()];
    for (int i = 0; i < locals.length; i++) {
      locals[i] = new CheckedBytes(localBytes);
    }
  }

  Dimensions threads() {
    return threads;
  }

  void barrier() {
    shared.barrier();
  }

  long load(Space space, long address, int bytes, Access access) {
    return switch (space) {
      case GLOBAL -> global.load(address, bytes);
      case SHARED -> shared.load(address, bytes, access);
      case LOCAL -> {
        CheckedBytes local = local(access);
        yield local.load(offset(local, address, bytes, "the thread's local memory"), bytes);
      }
      case PARAM -> parameters.load(offset(parameters, address, bytes, "the arguments"), bytes);
      case GENERIC -> {
        Space of = Space.ofGeneric(address);
        yield load(of, address - of.window(), bytes, access);
      }
    };
  }

  void store(Space space, long address, int bytes, long value, Access access) {
    switch (space) {
      case GLOBAL -> global.store(address, bytes, value);
      case SHARED -> shared.store(address, bytes, value, access);
      case LOCAL -> {
        CheckedBytes local = local(access);
        local.store(offset(local, address, bytes, "the thread's local memory"), bytes, value);
      }
      case PARAM -> throw new FaultException(Fault.READ_ONLY, "store to the launch's arguments");
      case GENERIC -> {
        Space of = Space.ofGeneric(address);
        store(of, address - of.window(), bytes, value, access);
      }
    }
  }

  private CheckedBytes local(Access access) {
    if (locals.length == 0) {
      throw new FaultException(Fault.OUT_OF_BOUNDS, "the kernel has no local memory");
    }
    return locals[access.thread()];
  }

  private static int offset(CheckedBytes memory, long address, int bytes, String what) {
    if (address < 0 || address + bytes > memory.size()) {
      throw new FaultException(
          Fault.OUT_OF_BOUNDS,
          "%d bytes at %d of %s, which has %d".formatted(bytes, address, what, memory.size()));
    }
    if (address % bytes != 0) {
      throw new FaultException(
          Fault.MISALIGNED,
          "%d of %s is not a multiple of the access' %d bytes".formatted(address, what, bytes));
    }
    return (int) address;
  }
}
