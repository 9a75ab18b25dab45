package mechinterp.experiments.dashboard;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntConsumer;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;

/**
 * A folder of static pages. Browsers refuse to read files beside a page that was opened from disk,
 * but they run its scripts: so data are scripts, which hand one object to a function each. Details
 * are in files of some latents each, read when one of them is looked at.
 */
public final class Dashboard {
  /** Latents of a file of details. */
  static final int CHUNK = 64;

  private static final List<String> STATIC =
      List.of("index.html", "dashboard.js", "map.js", "dashboard.css");

  private Dashboard() {}

  /**
   * What the dashboard is of.
   *
   * @param title such as the autoencoder's name
   * @param subtitle the model, the hook point and the text
   */
  public record Heading(String title, String subtitle) {}

  /**
   * Writes the folder, which appears whole or not at all.
   *
   * @param progress hears how many latents are written
   * @throws IOException when the disk is full or refuses, or the folder holds something
   */
  public static void write(Path folder, Heading heading, LatentPages pages, IntConsumer progress)
      throws IOException {
    AtomicFolder.write(
        folder,
        inside -> {
          for (String file : STATIC) {
            Files.write(inside.resolve(file), resource(file));
          }
          Path data = Files.createDirectory(inside.resolve("data"));
          writeData(data, heading, pages, progress);
        });
  }

  private static void writeData(Path data, Heading heading, LatentPages pages, IntConsumer progress)
      throws IOException {
    List<Overview.Row> rows = new ArrayList<>();
    List<LatentPage> chunk = new ArrayList<>();
    pages.forEach(
        (row, page) -> {
          rows.add(row);
          chunk.add(page);
          if (chunk.size() == CHUNK || rows.size() == pages.latents()) {
            writeChunk(data, (rows.size() - 1) / CHUNK, chunk);
            chunk.clear();
          }
        },
        progress);
    Optional<MapPoints> map = pages.map().map(MapPoints::of);
    if (map.isPresent()) {
      writeScript(data.resolve("map.js"), "map", map.get());
    }
    Overview overview =
        new Overview(heading.title(), heading.subtitle(), CHUNK, map.isPresent(), rows);
    writeScript(data.resolve("overview.js"), "overview", overview);
  }

  private static void writeChunk(Path data, int number, List<LatentPage> chunk) {
    try {
      writeScript(data.resolve("latents-" + number + ".js"), "latents", chunk);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeScript(Path file, String function, Object value) throws IOException {
    try (BufferedWriter script = Files.newBufferedWriter(file)) {
      script.write("dashboard." + function + "(");
      script.write(Json.compact(value));
      script.write(");\n");
    }
  }

  static byte[] resource(String name) throws IOException {
    try (InputStream resource =
        Objects.requireNonNull(Dashboard.class.getResourceAsStream(name), "resource " + name)) {
      return resource.readAllBytes();
    }
  }
}
