package mechinterp.device;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a computation will hold in a device's memory, by name, known before anything is allocated.
 *
 * @param purpose what the memory is for, such as {@code TopK training step}
 * @param bytes bytes of each named buffer, in the order of naming
 */
public record MemoryPlan(String purpose, Map<String, Long> bytes) {
  private static final double MEBIBYTE = 1 << 20;

  /** Keeps the order of the entries. */
  public MemoryPlan {
    bytes = new LinkedHashMap<>(bytes);
  }

  /** Returns a plan with nothing in it. */
  public static MemoryPlan empty(String purpose) {
    return new MemoryPlan(purpose, Map.of());
  }

  /** Returns this plan and a matrix of 4-byte numbers. */
  public MemoryPlan withMatrix(String name, long rows, long cols) {
    return with(name, 4 * rows * cols);
  }

  /**
   * Returns this plan and {@code size} bytes more.
   *
   * @throws IllegalArgumentException when the name is taken
   */
  public MemoryPlan with(String name, long size) {
    Map<String, Long> more = new LinkedHashMap<>(bytes);
    if (more.put(name, size) != null) {
      throw new IllegalArgumentException(
          "memory plan: " + name + " is there already; names must differ");
    }
    return new MemoryPlan(purpose, more);
  }

  /**
   * Returns this plan and all of another one, whose names get {@code GROUP/} before them.
   *
   * @throws IllegalArgumentException when a name is taken
   */
  public MemoryPlan and(String group, MemoryPlan other) {
    MemoryPlan both = this;
    for (Map.Entry<String, Long> entry : other.bytes().entrySet()) {
      both = both.with(group + "/" + entry.getKey(), entry.getValue());
    }
    return both;
  }

  /** Returns the sum of all buffers in bytes. */
  public long total() {
    return bytes.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * Checks that the plan fits.
   *
   * @throws InsufficientMemoryException when the device has less memory left than the total
   */
  public void requireFits(Device device) {
    if (total() > device.availableBytes()) {
      // Java's heap counts garbage as used until it is collected.
      System.gc();
    }
    long available = device.availableBytes();
    if (total() > available) {
      throw new InsufficientMemoryException(
          "%s: needs %s (%s), %s has %s left; give java more memory (-Xmx) or lower the batch or d_sae"
              .formatted(
                  purpose, mebibytes(total()), largest(), device.name(), mebibytes(available)));
    }
  }

  private String largest() {
    return bytes.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(3)
        .map(entry -> entry.getKey() + " " + mebibytes(entry.getValue()))
        .collect(Collectors.joining(", "));
  }

  private static String mebibytes(long size) {
    return String.format(Locale.ROOT, "%.1f MiB", size / MEBIBYTE);
  }

  /** Returns a line for each buffer and one for the total. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(purpose).append(": ").append(mebibytes(total()));
    bytes.forEach(
        (name, size) -> text.append("\n  ").append(name).append(": ").append(mebibytes(size)));
    return text.toString();
  }
}
