package mechinterp.cuda.simulator;

/**
 * In which order blocks, and warps within a block, take their turns. Correct results depend on
 * none.
 */
public enum LaunchOrder {
  /** By rising number. */
  FORWARD,
  /** By falling number. */
  REVERSE
}
