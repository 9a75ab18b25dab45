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
    CharBuffer out = CharBuffer.allocate(in.remaining() + LONGEST_CHARACTER);
    decoder.reset();
    decoder.decode(in, out, last);
    begun = new byte[in.remaining()];
    in.get(begun);
    return out.flip().toString();
  }
}
