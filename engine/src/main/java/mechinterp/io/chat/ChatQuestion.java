package mechinterp.io.chat;

import java.util.List;

/**
 * What is asked of a language model.
 *
 * @param messages the conversation so far, at least one message
 * @param temperature of the draws; 0 takes the likeliest token
 * @param maxTokens the longest answer, in the model's tokens
 */
public record ChatQuestion(List<ChatMessage> messages, double temperature, int maxTokens) {
  /**
   * Checks the numbers and keeps the list.
   *
   * @throws IllegalArgumentException when there is no message, the temperature is negative or not
   *     finite, or the answer may have no token
   */
  public ChatQuestion {
    messages = List.copyOf(messages);
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("messages: are none; there must be at least one");
    }
    if (!(temperature >= 0 && Double.isFinite(temperature))) {
      throw new IllegalArgumentException(
          "temperature: is %s; it must be at least 0 and finite".formatted(temperature));
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException(
          "max_tokens: is %d; it must be at least 1".formatted(maxTokens));
    }
  }
}
