package mechinterp.analysis.explanation;

/**
 * How a judge found the context without the latent among others with it, without an explanation.
 *
 * @param questions those that it answered
 * @param found how often it found it
 * @param unread questions to which its answer could not be read
 * @param choices contexts in a question; chance is 1 / choices
 */
public record IntruderCount(int questions, int found, int unread, int choices) {
  /** Returns {@code found / questions}; chance where there is no question. */
  public double accuracy() {
    return questions == 0 ? 1.0 / choices : (double) found / questions;
  }
}
