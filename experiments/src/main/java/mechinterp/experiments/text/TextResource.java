package mechinterp.experiments.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;
import mechinterp.io.FormatException;

/** Lines of text in a resource of an artifact on the class path. */
final class TextResource {
  private TextResource() {}

  /**
   * Opens a resource, gzipped or not by its name.
   *
   * @param artifact the Maven artifact that carries it, for the message
   * @throws FormatException when the artifact is not on the class path
   */
  static BufferedReader open(String path, String artifact) throws IOException {
    InputStream bytes = TextResource.class.getResourceAsStream(path);
    if (bytes == null) {
      throw new FormatException(
          "resource " + path, "is not on the class path; the artifact " + artifact + " carries it");
    }
    InputStream text = path.endsWith(".gz") ? new GZIPInputStream(bytes, 1 << 16) : bytes;
    return new BufferedReader(new InputStreamReader(text, StandardCharsets.UTF_8), 1 << 16);
  }
}
