package mechinterp.cuda.simulator;

import java.util.Map;
import java.util.TreeMap;

/**
 * The device's memory: allocations at addresses of its own, which are no addresses of the host and
 * are never given twice. Between two allocations there is nothing.
 */
public final class GlobalMemory {
  private static final long FIRST_ADDRESS = 0x7000_0000_0000L;
  private static final long ALIGNMENT = 512;

  private final TreeMap<Long, Allocation> allocations = new TreeMap<>();
  private long nextAddress = FIRST_ADDRESS;
  private long allocatedBytes;
  private Allocation recent = new Allocation(0, 0, new CheckedBytes(0), false, true);

  /** Of what has been freed the place is remembered, not the content. */
  private record Allocation(
      long address, int size, CheckedBytes bytes, boolean constant, boolean freed) {
    boolean holds(long at) {
      return at >= address && at - address < size;
    }

    Allocation afterFree() {
      return new Allocation(address, size, new CheckedBytes(0), constant, true);
    }
  }

  /**
   * Returns the address of so many new bytes, a multiple of 512. Their content is undefined: a
   * kernel that reads them before something is written is in error.
   */
  public long allocate(int bytes) {
    return allocate(bytes, false);
  }

  private long allocate(int bytes, boolean constant) {
    if (bytes < 1) {
      throw new IllegalArgumentException("allocate: " + bytes + " bytes; at least 1 is needed");
    }
    long address = nextAddress;
    allocations.put(
        address, new Allocation(address, bytes, new CheckedBytes(bytes), constant, false));
    nextAddress += (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    allocatedBytes += bytes;
    return address;
  }

  /** Returns the address of new bytes with this content. */
  public long allocate(byte[] content) {
    long address = allocate(content.length);
    write(address, content);
    return address;
  }

  /** Returns the address of constants, which kernels cannot write. */
  long allocateConstant(byte[] content) {
    long address = allocate(content.length, true);
    write(address, content);
    return address;
  }

  /**
   * Gives an allocation back.
   *
   * @throws IllegalArgumentException when no allocation begins at the address, or it has been freed
   */
  public void free(long address) {
    Allocation allocation = allocations.get(address);
    if (allocation == null || allocation.freed()) {
      throw new IllegalArgumentException(
          "free: 0x%x %s"
              .formatted(
                  address,
                  allocation == null ? "is no allocation's address" : "has been freed before"));
    }
    allocatedBytes -= allocation.size();
    recent = allocation.afterFree();
    allocations.put(address, recent);
  }

  /** Returns the bytes that have been allocated and not freed. */
  public long allocatedBytes() {
    return allocatedBytes;
  }

  /**
   * Copies from the host.
   *
   * @throws IllegalArgumentException when the bytes do not lie in one allocation
   */
  public void write(long address, byte[] from) {
    hostRange("write", address, from.length).write((int) (address - recent.address()), from);
  }

  /**
   * Copies to the host.
   *
   * @throws IllegalArgumentException when the bytes do not lie in one allocation
   */
  public byte[] read(long address, int bytes) {
    return hostRange("read", address, bytes).read((int) (address - recent.address()), bytes);
  }

  /**
   * Checks that bytes may be copied from or to.
   *
   * @throws IllegalArgumentException when they do not lie in one allocation
   */
  public void requireRange(long address, int bytes) {
    hostRange("copy", address, bytes);
  }

  /**
   * Copies to the host what has been written.
   *
   * @throws IllegalArgumentException when the bytes do not lie in one allocation, or one of them
   *     has never been written
   */
  public byte[] readWritten(long address, int bytes) {
    CheckedBytes from = hostRange("read", address, bytes);
    try {
      return from.readWritten((int) (address - recent.address()), bytes);
    } catch (FaultException fault) {
      throw new IllegalArgumentException(
          "read: " + fault.fault().words() + ", " + fault.detail(), fault);
    }
  }

  /**
   * Copies within the device; what has not been written is not written in the copy either.
   *
   * @throws IllegalArgumentException when one of the ranges does not lie in one allocation
   */
  public void copy(long to, long from, int bytes) {
    CheckedBytes source = hostRange("read", from, bytes);
    int at = (int) (from - recent.address());
    CheckedBytes destination = hostRange("write", to, bytes);
    source.copyTo(destination, (int) (to - recent.address()), at, bytes);
  }

  private CheckedBytes hostRange(String what, long address, int bytes) {
    try {
      return allocation(address, bytes).bytes();
    } catch (FaultException fault) {
      throw new IllegalArgumentException(
          what + ": " + fault.fault().words() + ", " + fault.detail(), fault);
    }
  }

  long load(long address, int bytes) {
    Allocation allocation = aligned(address, bytes);
    return allocation.bytes().load((int) (address - allocation.address()), bytes);
  }

  void store(long address, int bytes, long value) {
    Allocation allocation = aligned(address, bytes);
    if (allocation.constant()) {
      throw new FaultException(Fault.READ_ONLY, "store to 0x%x".formatted(address));
    }
    allocation.bytes().store((int) (address - allocation.address()), bytes, value);
  }

  private Allocation aligned(long address, int bytes) {
    Allocation allocation = allocation(address, bytes);
    if (address % bytes != 0) {
      throw new FaultException(
          Fault.MISALIGNED,
          "0x%x is not a multiple of the access' %d bytes".formatted(address, bytes));
    }
    return allocation;
  }

  private Allocation allocation(long address, int bytes) {
    if (!recent.holds(address) || recent.freed()) {
      Map.Entry<Long, Allocation> below = allocations.floorEntry(address);
      if (below == null) {
        throw outside(address, bytes, "no allocation is there");
      }
      recent = below.getValue();
    }
    long offset = address - recent.address();
    int size = recent.size();
    if (offset + bytes > size) {
      throw outside(address, bytes, "%d bytes from the start of one of %d".formatted(offset, size));
    }
    if (recent.freed()) {
      throw new FaultException(
          Fault.USE_AFTER_FREE, "0x%x is in an allocation of %d bytes".formatted(address, size));
    }
    return recent;
  }

  private static FaultException outside(long address, int bytes, String where) {
    return new FaultException(
        Fault.OUT_OF_BOUNDS, "%d bytes at 0x%x, %s".formatted(bytes, address, where));
  }
}
