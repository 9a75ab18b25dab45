package mechinterp.kernel;

/** Which way a rotary embedding turns. */
public enum Rotation {
  /** By the angle. */
  FORWARD,
  /** Back by the angle: the inverse, and therefore the gradient, of {@link #FORWARD}. */
  BACKWARD
}
