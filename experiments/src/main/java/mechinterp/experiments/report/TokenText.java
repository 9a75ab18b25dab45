package mechinterp.experiments.report;

import java.util.ArrayList;
import java.util.List;
import mechinterp.tokenizer.SpecialTokens;
import mechinterp.tokenizer.TokenDecoder;
import mechinterp.tokenizer.Tokenizer;

/** How tokens are shown to people. */
public final class TokenText {
  private static final String INCOMPLETE = "\uFFFD";

  private TokenText() {}

  /**
   * A token among others.
   *
   * @param text as it is written
   * @param spaceBefore whether a space separates it from the token before
   */
  public record Piece(String text, boolean spaceBefore) {}

  /**
   * Returns a token by itself, with spaces and line ends made visible where they belong to the
   * token, and U+FFFD for a part of a character.
   */
  public static String of(Tokenizer tokenizer, int id) {
    return tokenizer
        .decode(new int[] {id}, SpecialTokens.KEEP)
        .replace(" ", "␣")
        .replace("\n", "⏎")
        .replace("\t", "⇥")
        .replace("\r", "↵");
  }

  /**
   * Returns tokens that follow each other. Of the tokens of one character the last one shows it,
   * those before it U+FFFD.
   */
  public static List<Piece> pieces(Tokenizer tokenizer, List<Integer> ids) {
    List<Piece> pieces = new ArrayList<>();
    TokenDecoder decoder = tokenizer.decoder(SpecialTokens.KEEP);
    for (int id : ids) {
      String text = decoder.add(id);
      boolean space = text.startsWith(" ") && text.length() > 1;
      String shown = text.isEmpty() ? INCOMPLETE : text;
      pieces.add(new Piece(space ? shown.substring(1) : shown, space));
    }
    return pieces;
  }
}
