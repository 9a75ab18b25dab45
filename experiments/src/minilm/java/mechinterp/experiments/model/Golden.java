package mechinterp.experiments.model;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** Files under {@code golden/} that other people's software wrote; see docs/models.md. */
final class Golden {
  private Golden() {}

  static Path path(String name) throws URISyntaxException {
    return Path.of(url(name).toURI());
  }

  static InputStream open(String name) throws IOException {
    return url(name).openStream();
  }

  private static URL url(String name) {
    return Objects.requireNonNull(Golden.class.getResource("/golden/" + name), name);
  }
}
