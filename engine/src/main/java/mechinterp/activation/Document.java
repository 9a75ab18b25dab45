package mechinterp.activation;

/**
 * A piece of text that stands for itself: what a corpus is split by, and what no context crosses.
 *
 * @param id its name within its corpus, such as {@code line 17}
 * @param text its text, not blank
 */
public record Document(String id, String text) {}
