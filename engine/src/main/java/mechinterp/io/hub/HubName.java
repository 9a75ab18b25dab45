package mechinterp.io.hub;

import java.util.regex.Pattern;

/**
 * A model on the hub.
 *
 * @param repository its name, such as {@code gpt2} or {@code openai-community/gpt2}
 * @param revision a branch, a tag, a reference such as {@code refs/pr/1}, or a commit of 40
 *     hexadecimal digits
 */
public record HubName(String repository, String revision) {
  /** The revision without another wish. */
  public static final String MAIN = "main";

  private static final Pattern REPOSITORY =
      Pattern.compile("(\\w([\\w.-]{0,94}\\w)?/)?\\w([\\w.-]{0,94}\\w)?");
  private static final Pattern REVISION =
      Pattern.compile("[\\w+=-][\\w.+=-]*(/[\\w+=-][\\w.+=-]*)*");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /**
   * Checks both parts by the rules of the hub, which keep them usable as names of files.
   *
   * @throws IllegalArgumentException when a part cannot be a name on the hub
   */
  public HubName {
    boolean safe = !repository.contains("--") && !repository.contains("..");
    if (!safe || !REPOSITORY.matcher(repository).matches() || repository.endsWith(".git")) {
      throw new IllegalArgumentException(
          "repository: is \"%s\"; a model on the hub is NAME or OWNER/NAME, of letters, digits, -, _ and ."
              .formatted(visible(repository)));
    }
    if (!REVISION.matcher(revision).matches() || revision.contains("..")) {
      throw new IllegalArgumentException(
          "revision: is \"%s\"; it must be a branch, a tag or a commit"
              .formatted(visible(revision)));
    }
  }

  /**
   * Reads {@code NAME}, {@code OWNER/NAME} or either with {@code @REVISION}.
   *
   * @throws IllegalArgumentException when it cannot be a name on the hub
   */
  public static HubName parse(String text) {
    int at = text.indexOf('@');
    return at < 0
        ? new HubName(text, MAIN)
        : new HubName(text.substring(0, at), text.substring(at + 1));
  }

  private static String visible(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** Returns the same model at another revision. */
  HubName at(String otherRevision) {
    return new HubName(repository, otherRevision);
  }

  /** Returns whether the revision is a whole commit, which never changes. */
  boolean isCommit() {
    return isCommit(revision);
  }

  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  /** Returns {@code REPOSITORY}, and {@code @REVISION} when it is not {@link #MAIN}. */
  @Override
  public String toString() {
    return revision.equals(MAIN) ? repository : repository + "@" + revision;
  }
}
