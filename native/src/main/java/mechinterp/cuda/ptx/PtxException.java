package mechinterp.cuda.ptx;

/** PTX that cannot be read, or holds what is not supported; the message names the file's line. */
public final class PtxException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** A message of the form {@code topk.ptx line 12: what was found}. */
  public PtxException(String module, int line, String problem) {
    super(module + " line " + line + ": " + problem);
  }
}
