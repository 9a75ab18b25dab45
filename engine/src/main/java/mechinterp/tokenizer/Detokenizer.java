package mechinterp.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What bytes of text a token stands for. */
sealed interface Detokenizer {
  /**
   * Returns the bytes of a token.
   *
   * @param token as the vocabulary spells it
   * @param first whether no token of text was before it
   */
  byte[] bytes(String token, boolean first);

  /** Each character of a token is a byte; tokens that have other characters are text. */
  record ByteLevel() implements Detokenizer {
    @Override
    public byte[] bytes(String token, boolean first) {
      byte[] bytes = new byte[token.length()];
      for (int i = 0; i < bytes.length; i++) {
        int b = ByteAlphabet.toByte(token.charAt(i));
        if (b < 0) {
          return utf8(token);
        }
        bytes[i] = (byte) b;
      }
      return bytes;
    }
  }

  /**
   * Tokens are text with marks for spaces, or bytes written {@code <0xE2>}.
   *
   * @param replacements what is exchanged in each token
   * @param byteFallback whether {@code <0xE2>} is a byte
   * @param leadingSpaces how many spaces the first token loses, if it has them
   */
  record Marked(List<Replacement> replacements, boolean byteFallback, int leadingSpaces)
      implements Detokenizer {
    private static final Pattern BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");

    public Marked {
      replacements = List.copyOf(replacements);
    }

    @Override
    public byte[] bytes(String token, boolean first) {
      String text = token;
      for (Replacement replacement : replacements) {
        text = replacement.apply(text);
      }
      Matcher matcher = BYTE.matcher(text);
      if (byteFallback && matcher.matches()) {
        return new byte[] {(byte) Integer.parseInt(matcher.group(1), 16)};
      }
      return utf8(first ? withoutLeadingSpaces(text) : text);
    }

    private String withoutLeadingSpaces(String text) {
      int from = 0;
      while (from < leadingSpaces && from < text.length() && text.charAt(from) == ' ') {
        from++;
      }
      return text.substring(from);
    }
  }

  /**
   * Marks are spaces; the first token loses all of them.
   *
   * @param mark what stands for a space
   * @param prepended whether encoding put a mark in front
   */
  record Metaspace(char mark, boolean prepended) implements Detokenizer {
    @Override
    public byte[] bytes(String token, boolean first) {
      boolean dropped = first && prepended;
      return utf8(dropped ? token.replace(String.valueOf(mark), "") : token.replace(mark, ' '));
    }
  }

  /**
   * Tokens are words, or with the prefix parts of one.
   *
   * @param prefix what begins a token inside a word
   * @param cleanup whether spaces before punctuation and English contractions go
   */
  record WordPiece(String prefix, boolean cleanup) implements Detokenizer {
    @Override
    public byte[] bytes(String token, boolean first) {
      String text = first ? token : inside(token);
      return utf8(cleanup ? cleaned(text) : text);
    }

    private String inside(String token) {
      return token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
    }

    private static String cleaned(String text) {
      return text.replace(" .", ".")
          .replace(" ?", "?")
          .replace(" !", "!")
          .replace(" ,", ",")
          .replace(" ' ", "'")
          .replace(" n't", "n't")
          .replace(" 'm", "'m")
          .replace(" do not", " don't")
          .replace(" 's", "'s")
          .replace(" 've", "'ve")
          .replace(" 're", "'re");
    }
  }

  /** Tokens are words with spaces between. */
  record Spaced() implements Detokenizer {
    @Override
    public byte[] bytes(String token, boolean first) {
      return utf8(first ? token : " " + token);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
