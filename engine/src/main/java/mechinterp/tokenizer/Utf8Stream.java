package mechinterp.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Bytes that come in parts, as text; characters come out whole. */
final class Utf8Stream {
  /** No character has more bytes than this. */
  private static final int LONGEST_CHARACTER = 4;

  /** The first byte of half a surrogate pair, if the next one is above {@link #LAST_AFTER_ED}. */
  private static final byte ED = (byte) 0xED;

  /** Of the bytes that follow others, the last that may follow {@link #ED}. */
  private static final byte LAST_AFTER_ED = (byte) 0x9F;

  /** A byte that UTF-8 never has. */
  private static final byte NEVER = (byte) 0xFF;

  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  private byte[] begun = {};

  /** Returns the characters that are whole now. */
  String add(byte[] bytes) {
    return decode(bytes, false);
  }

  /** Returns U+FFFD for what was begun. */
  String end() {
    return decode(new byte[0], true);
  }

  private String decode(byte[] bytes, boolean last) {
    ByteBuffer in = ByteBuffer.allocate(begun.length + bytes.length).put(begun).put(bytes).flip();
    breakUpSurrogates(in);
    CharBuffer out = CharBuffer.allocate(in.remaining() + LONGEST_CHARACTER);
    decoder.reset();
    decoder.decode(in, out, last);
    begun = new byte[in.remaining()];
    in.get(begun);
    return out.flip().toString();
  }

  /**
   * Java takes the three bytes of half a surrogate pair for one mistake; the Unicode standard
   * (section 3.9, U+FFFD substitution of maximal subparts) makes each of them one.
   */
  private static void breakUpSurrogates(ByteBuffer in) {
    for (int i = 0; i + 1 < in.limit(); i++) {
      boolean continues = in.get(i + 1) < (byte) 0xC0;
      if (in.get(i) == ED && continues && in.get(i + 1) > LAST_AFTER_ED) {
        in.put(i, NEVER);
      }
    }
  }
}
