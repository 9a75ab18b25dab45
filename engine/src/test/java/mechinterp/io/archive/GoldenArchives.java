package mechinterp.io.archive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;

/** Files of torch and NumPy, and the numbers that they read in them; see archive_golden.py. */
final class GoldenArchives {
  private GoldenArchives() {}

  static Path path(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GoldenArchives.class.getResource("/golden/archive/" + name))
              .toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All float tensors of the file are those expected, bit for bit. */
  static void requireFloats(Path expectedFile, TensorFile file) throws IOException {
    Set<String> floats = new TreeSet<>();
    for (String name : file.tensors()) {
      if (file.info(name).dtype().isFloat()) {
        floats.add(name);
      }
    }
    try (SafetensorsFile expected = SafetensorsFile.open(expectedFile)) {
      assertEquals(new TreeSet<>(expected.tensors()), floats);
      for (String name : floats) {
        assertEquals(expected.info(name).shape(), file.info(name).shape(), name);
        assertArrayEquals(expected.floats(name), floats(file, name), name);
      }
    }
  }

  static float[] floats(TensorFile file, String name) throws IOException {
    TensorInfo info = file.info(name);
    float[] values = new float[Math.toIntExact(info.size())];
    file.readFloats(info, 0, values, 0, values.length);
    return values;
  }

  static void readEverything(TensorFile file) throws IOException {
    for (String name : file.tensors()) {
      if (file.info(name).dtype().isFloat()) {
        floats(file, name);
      }
    }
  }
}
