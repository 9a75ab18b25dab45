package mechinterp.io.chat;

/**
 * A part of a conversation with a language model.
 *
 * @param role who says it
 * @param content what is said
 */
public record ChatMessage(Role role, String content) {
  /** Who speaks. */
  public enum Role {
    /** What holds for the whole conversation. */
    SYSTEM,
    /** Who asks. */
    USER,
    /** The language model. */
    ASSISTANT
  }
}
