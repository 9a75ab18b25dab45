package mechinterp.io;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A SHA-256 hash in the making, for the identities of models, tokenizers, text and data. */
public final class Sha256 {
  private static final int FLOATS_AT_ONCE = 8192;

  private final MessageDigest digest;

  /** Begins a hash. */
  public Sha256() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** Adds bytes. */
  public Sha256 add(byte[] bytes) {
    digest.update(bytes);
    return this;
  }

  /** Adds {@code count} bytes from index {@code from} on. */
  public Sha256 add(byte[] bytes, int from, int count) {
    digest.update(bytes, from, count);
    return this;
  }

  /** Adds a text as its length and its UTF-8 bytes, so that "ab", "c" differs from "a", "bc". */
  public Sha256 add(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return add((long) bytes.length).add(bytes);
  }

  /** Adds a whole number as 8 bytes, little-endian. */
  public Sha256 add(long number) {
    return add(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array());
  }

  /** Adds floats as 4 bytes each, little-endian. */
  public Sha256 add(float[] values) {
    return add(values, 0, values.length);
  }

  /** Adds {@code count} floats from index {@code from} on, as 4 bytes each, little-endian. */
  public Sha256 add(float[] values, int from, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * FLOATS_AT_ONCE).order(ByteOrder.LITTLE_ENDIAN);
    for (int done = 0; done < count; done += FLOATS_AT_ONCE) {
      int part = Math.min(FLOATS_AT_ONCE, count - done);
      bytes.asFloatBuffer().put(values, from + done, part);
      digest.update(bytes.array(), 0, 4 * part);
    }
    return this;
  }

  /** Returns a stream whose bytes are added as they are read. */
  public InputStream adding(InputStream in) {
    return new DigestInputStream(in, digest);
  }

  /** Ends the hash and returns it as {@code sha256:} and 64 hexadecimal digits. */
  public String end() {
    return "sha256:" + HexFormat.of().formatHex(digest.digest());
  }
}
