package mechinterp.cuda.simulator;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A block's shared memory. Two accesses of different threads to one byte, one of them a write, need
 * a barrier between them; atomic ones do not among themselves, nor do writes of the value that is
 * there already. Of each byte the last plain and the last atomic write and the reads of two threads
 * are remembered, which is enough to find a race of each kind.
 */
final class SharedMemory {
  private final SharedLayout layout;
  private final CheckedBytes bytes;
  private final @Nullable Access[] writer;
  private final @Nullable Access[] atomicWriter;
  private final @Nullable Access[] reader;
  private final @Nullable Access[] otherReader;

  SharedMemory(SharedLayout layout, int dynamicBytes) {
    this.layout = layout;
    int size = layout.dynamicStart() + dynamicBytes;
    bytes = new CheckedBytes(size);
    writer = new Access[size];
    atomicWriter = new Access[size];
    reader = new Access[size];
    otherReader = new Access[size];
  }

  /** All threads of the block have met: what was before is ordered with what follows. */
  void barrier() {
    for (Access[] accesses : List.of(writer, atomicWriter, reader, otherReader)) {
      Arrays.fill(accesses, null);
    }
  }

  long load(long address, int count, Access access) {
    int at = range(address, count);
    for (int i = at; i < at + count; i++) {
      conflict(writer[i], "written", access, "read");
      conflict(atomicWriter[i], "written", access, "read");
      if (!access.atomic()) {
        remember(i, access);
      }
    }
    return bytes.load(at, count);
  }

  /** Keeps the reads of two different threads, of different warps where there are any. */
  private void remember(int at, Access access) {
    Access first = reader[at];
    Access second = otherReader[at];
    if (first == null || first.isFollowedBy(access)) {
      reader[at] = access;
    } else if (second == null || second.isFollowedBy(access) || first.warp() == second.warp()) {
      otherReader[at] = access;
    }
  }

  void store(long address, int count, long value, Access access) {
    int at = range(address, count);
    boolean same = bytes.peek(at, count) == PtxWidth.truncate(value, count);
    for (int i = at; i < at + count; i++) {
      if (!same) {
        conflict(writer[i], "written", access, "written");
        conflict(atomicWriter[i], "written", access, "written");
      }
      conflict(reader[i], "read", access, "written");
      conflict(otherReader[i], "read", access, "written");
      (access.atomic() ? atomicWriter : writer)[i] = access;
    }
    bytes.store(at, count, value);
  }

  private static void conflict(@Nullable Access before, String did, Access access, String does) {
    if (before != null && before.isConcurrentWith(access)) {
      throw new FaultException(
          Fault.RACE,
          "shared memory is %s here and was %s by thread %d at line %d, with no barrier between"
              .formatted(does, did, before.thread(), before.line()));
    }
  }

  private int range(long address, int count) {
    if (address < 0 || address + count > bytes.size() || !layout.holds((int) address, count)) {
      throw new FaultException(
          Fault.OUT_OF_BOUNDS,
          "%d bytes at %d of shared memory: %s"
              .formatted(count, address, layout.describe(address, bytes.size())));
    }
    if (address % count != 0) {
      throw new FaultException(
          Fault.MISALIGNED,
          "%d of shared memory is not a multiple of the access' %d bytes"
              .formatted(address, count));
    }
    return (int) address;
  }
}
