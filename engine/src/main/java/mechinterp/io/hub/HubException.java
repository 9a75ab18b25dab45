package mechinterp.io.hub;

import java.io.IOException;

/** Something is not to be had from the hub. The message is one line that says what and why. */
public final class HubException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Problem {
    /** There is no such repository, or it is not shown to those without a token. */
    REPOSITORY_NOT_FOUND,
    /** The repository has no such branch, tag or commit. */
    REVISION_NOT_FOUND,
    /** The repository has no such file. */
    FILE_NOT_FOUND,
    /** The token is not accepted, or does not suffice. */
    NOT_AUTHORIZED,
    /** Its owner must grant access first. */
    GATED,
    /** The hub wants to be left alone for longer than one can wait. */
    RATE_LIMITED,
    /** The hub does not answer, or not with what a hub answers. */
    UNREACHABLE,
    /** It is not in the cache, and the hub must not be asked. */
    OFFLINE,
    /** What came is not what the hub said that it would send. */
    DAMAGED
  }

  private final Problem problem;

  HubException(Problem problem, String message) {
    super(oneLine(message));
    this.problem = problem;
  }

  HubException(Problem problem, String message, Throwable cause) {
    super(oneLine(message), cause);
    this.problem = problem;
  }

  /** Returns why. */
  public Problem problem() {
    return problem;
  }

  private static String oneLine(String message) {
    return message.strip().replaceAll("\\s*[\\p{Cntrl}\\u2028\\u2029]+\\s*", " ");
  }
}
