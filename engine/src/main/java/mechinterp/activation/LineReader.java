package mechinterp.activation;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.io.FileProblem;
import mechinterp.io.FormatException;

/**
 * Reads the lines of a UTF-8 file, and knows the number of a line that is not UTF-8, which the
 * JDK's own reader, decoding far ahead, does not.
 */
final class LineReader implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final String BYTE_ORDER_MARK = "\ufeff";

  private final Path file;
  private final InputStream in;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int at;
  private int limit;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private long number;

  private LineReader(Path file, InputStream in) {
    this.file = file;
    this.in = in;
  }

  static LineReader open(Path file) throws IOException {
    try {
      return new LineReader(file, Files.newInputStream(file));
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  /** Returns the number of the line that was read last, counted from 1. */
  long number() {
    return number;
  }

  /** Returns the next line without its end ({@code \n} or {@code \r\n}), or nothing at the end. */
  Optional<String> next() throws IOException {
    line.reset();
    int read = read();
    if (read < 0) {
      return Optional.empty();
    }
    for (; read >= 0 && read != '\n'; read = read()) {
      line.write(read);
    }
    number++;
    String text = decode();
    return Optional.of(number == 1 && text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text);
  }

  private int read() throws IOException {
    if (at == limit) {
      refill();
    }
    return limit < 0 ? -1 : buffer[at++] & 0xff;
  }

  private void refill() throws IOException {
    try {
      at = 0;
      limit = in.read(buffer);
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  private String decode() throws FormatException {
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(line.toByteArray()))
              .toString();
      return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    } catch (CharacterCodingException e) {
      throw new FormatException(
          file.toString(), "line " + number + " is not UTF-8; text must be UTF-8", e);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
