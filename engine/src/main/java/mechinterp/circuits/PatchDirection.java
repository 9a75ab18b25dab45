package mechinterp.circuits;

/** Which values are put into which run. */
public enum PatchDirection {
  /** Corrupted values into the clean run; effect = metric(patched) - metric(clean). */
  NOISING,
  /** Clean values into the corrupted run; effect = metric(patched) - metric(corrupt). */
  DENOISING
}
