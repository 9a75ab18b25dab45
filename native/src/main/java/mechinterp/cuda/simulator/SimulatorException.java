package mechinterp.cuda.simulator;

/**
 * A kernel did something wrong. The message names the kernel, the fault, the block, the thread, the
 * PTX line, and the line of the CUDA source where the PTX says it.
 */
public final class SimulatorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Fault fault;
  private final transient Place place;

  SimulatorException(Fault fault, Place place, String detail) {
    super(place.kernel() + ": " + fault.words() + " in " + place + ": " + detail);
    this.fault = fault;
    this.place = place;
  }

  /**
   * Where it happened.
   *
   * @param kernel the entry point
   * @param block its place in the grid
   * @param thread its place in the block; of several threads the first
   * @param module the PTX file's name
   * @param line in the PTX file
   * @param source file and line of the CUDA source, empty when not known
   */
  public record Place(
      String kernel, Dimensions block, Dimensions thread, String module, int line, String source) {
    @Override
    public String toString() {
      String from = source.isEmpty() ? "" : " (" + source + ")";
      return "block " + block + ", thread " + thread + ", " + module + " line " + line + from;
    }
  }

  /** Returns what was wrong. */
  public Fault fault() {
    return fault;
  }

  /** Returns where. */
  public Place place() {
    return place;
  }
}
