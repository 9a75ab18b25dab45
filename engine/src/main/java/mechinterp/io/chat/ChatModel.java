package mechinterp.io.chat;

import java.io.IOException;

/** A language model that answers questions; several threads may ask at once. */
public interface ChatModel {
  /** Returns the model's name. */
  String name();

  /**
   * Returns the answer to a question.
   *
   * @throws IOException when there is no answer, in one line that says why
   */
  String answer(ChatQuestion question) throws IOException;
}
