package mechinterp.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The 256 visible characters that stand for bytes in byte-level vocabularies: bytes 33 to 126, 161
 * to 172 and 174 to 255 are the characters of these numbers, the others U+0100 onwards, in order.
 *
 * <p>Source: {@code bytes_to_unicode} of GPT-2's {@code encoder.py}.
 */
final class ByteAlphabet {
  private static final int FIRST_STAND_IN = 0x100;

  private static final char[] CHARACTERS = characters();
  private static final short[] BYTES = bytes();

  private ByteAlphabet() {}

  private static char[] characters() {
    char[] characters = new char[256];
    char standIn = FIRST_STAND_IN;
    for (int b = 0; b < 256; b++) {
      characters[b] = isVisible(b) ? (char) b : standIn++;
    }
    return characters;
  }

  private static boolean isVisible(int b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  }

  private static short[] bytes() {
    short[] bytes = new short[FIRST_STAND_IN + 256];
    Arrays.fill(bytes, (short) -1);
    for (int b = 0; b < 256; b++) {
      bytes[CHARACTERS[b]] = (short) b;
    }
    return bytes;
  }

  /** Returns the character for a byte, 0 to 255. */
  static char character(int b) {
    return CHARACTERS[b];
  }

  /** Returns the bytes of a text in UTF-8, each as its character. */
  static String spell(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    char[] characters = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      characters[i] = CHARACTERS[Byte.toUnsignedInt(bytes[i])];
    }
    return new String(characters);
  }

  /** Returns the byte that a character stands for, 0 to 255, or -1. */
  static int toByte(char character) {
    return character < BYTES.length ? BYTES[character] : -1;
  }
}
