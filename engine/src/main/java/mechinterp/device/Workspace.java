package mechinterp.device;

import java.util.function.Function;
import java.util.function.IntFunction;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.Storage;

/**
 * Where a computation gets all its buffers from, once, before it starts. The computation declares
 * its buffers in one function of a workspace; {@link #plan} runs it to count bytes, {@link
 * #allocate} runs it to count, checks that the sum fits, and runs it again to allocate. So the plan
 * is what is allocated, by construction:
 *
 * <pre>{@code
 * Buffers buffers = Workspace.allocate("step", device, w -> new Buffers(w.floats("x", n, d)));
 * }</pre>
 *
 * <p>While counting, matrices are handles without memory: a declaration only makes buffers, it
 * computes nothing with them.
 */
public final class Workspace {
  private final Device device;
  private final boolean counting;
  private final Ledger ledger;
  private final String prefix;

  /** The plan so far. */
  private static final class Ledger {
    private MemoryPlan plan;

    Ledger(String purpose) {
      plan = MemoryPlan.empty(purpose);
    }
  }

  private Workspace(Device device, boolean counting, Ledger ledger, String prefix) {
    this.device = device;
    this.counting = counting;
    this.ledger = ledger;
    this.prefix = prefix;
  }

  /**
   * Returns the plan of what {@code declaration} would allocate on {@code device}.
   *
   * @throws IllegalArgumentException when a matrix is larger than one storage can be
   */
  public static MemoryPlan plan(String purpose, Device device, Function<Workspace, ?> declaration) {
    Ledger ledger = new Ledger(purpose);
    var _ = declaration.apply(new Workspace(device, true, ledger, ""));
    return ledger.plan;
  }

  /**
   * Returns the buffers of {@code declaration}, filled with zeros.
   *
   * @throws InsufficientMemoryException before anything is allocated, when the plan does not fit
   * @throws IllegalArgumentException when a matrix is larger than one storage can be
   */
  public static <B> B allocate(String purpose, Device device, Function<Workspace, B> declaration) {
    plan(purpose, device, declaration).requireFits(device);
    return declaration.apply(new Workspace(device, false, new Ledger(purpose), ""));
  }

  /** Returns this workspace, with buffers named {@code GROUP/NAME}. */
  public Workspace within(String group) {
    return new Workspace(device, counting, ledger, prefix + group + "/");
  }

  /** Returns the device that the buffers are for. */
  public Device device() {
    return device;
  }

  /** Returns the buffer {@code name} of floats [rows, cols]. */
  public FloatMatrix floats(String name, int rows, int cols) {
    count(name, rows, cols);
    return counting
        ? new FloatMatrix(new Counted((long) rows * cols), MatrixLayout.contiguous(rows, cols))
        : device.floats(rows, cols);
  }

  /** Returns the buffer {@code name} of integers [rows, cols]. */
  public IntMatrix ints(String name, int rows, int cols) {
    count(name, rows, cols);
    return counting
        ? new IntMatrix(new Counted((long) rows * cols), MatrixLayout.contiguous(rows, cols))
        : device.ints(rows, cols);
  }

  /** Returns the buffer {@code name} of a packed matrix of up to {@code capacity} columns. */
  public PackedMatrix packed(String name, int rows, int capacity) {
    ledger.plan = ledger.plan.with(prefix + name, device.kernels().packedBytes(rows, capacity));
    return counting
        ? new CountedPacked(rows, 0, capacity)
        : device.kernels().allocatePacked(rows, capacity);
  }

  /**
   * Returns the buffers of codes of {@code rows} tokens with up to {@code capacity} latents each.
   */
  public SparseCodes codes(String name, int rows, int capacity, int latents) {
    return new SparseCodes(
        ints(name + " indices", rows, capacity),
        floats(name + " values", rows, capacity),
        ints(name + " counts", rows, 1),
        latents);
  }

  /** Returns the buffers of the order of such codes by latent. */
  public LatentOrder order(String name, int rows, int capacity, int latents) {
    return new LatentOrder(
        ints(name + " starts", 1, latents + 1),
        ints(name + " positions", 1, Math.multiplyExact(rows, capacity)),
        capacity);
  }

  /**
   * Returns an array of the host that goes with the buffers, such as {@code onHost(int[]::new, n)};
   * of length 0 while counting, and not part of the plan, which is of the device's memory.
   */
  public <A> A onHost(IntFunction<A> newArray, int length) {
    return newArray.apply(counting ? 0 : length);
  }

  private void count(String name, int rows, int cols) {
    if ((long) rows * cols > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s: %s is [%d, %d]; a matrix must have fewer than 2^31 numbers"
              .formatted(ledger.plan.purpose(), prefix + name, rows, cols));
    }
    ledger.plan = ledger.plan.withMatrix(prefix + name, rows, cols);
  }

  /** Storage that is only counted. */
  private record Counted(long length) implements Storage {
    @Override
    public String location() {
      return "a plan, without memory";
    }
  }

  private record CountedPacked(int rows, int cols, int capacity) implements PackedMatrix {
    @Override
    public PackedMatrix firstColumns(int number) {
      return new CountedPacked(rows, number, number);
    }
  }
}
