package mechinterp.experiments.run;

import java.io.BufferedWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.training.StepMetrics;

/** The files that runs leave. */
public final class RunFiles {
  private static final DateTimeFormatter ID =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

  private RunFiles() {}

  /** Returns the id of a run that begins now: the time in UTC, to the millisecond. */
  public static String newId() {
    return ID.format(Instant.now());
  }

  /**
   * Checks that a folder can be written, before work that would be lost.
   *
   * @throws IOException when the place holds something
   */
  public static void requireFree(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> entries = Files.list(folder)) {
        if (entries.findAny().isPresent()) {
          throw new IOException(folder + ": holds files; name a new or empty folder");
        }
      }
    } else if (Files.exists(folder)) {
      throw new FileAlreadyExistsException(folder.toString());
    }
  }

  /** Writes a line of JSON for every step. */
  public static void writeMetrics(Path file, List<StepMetrics> history) throws IOException {
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      for (StepMetrics step : history) {
        lines.write(Json.compact(step));
        lines.newLine();
      }
    }
  }

  /**
   * Reads the metrics of the last step of a run.
   *
   * @throws FormatException when the file has no line, or the last one is no step
   */
  public static StepMetrics readLastMetrics(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    if (lines.isEmpty()) {
      throw new FormatException(file.toString(), "is empty; it must have a line for every step");
    }
    byte[] last = lines.getLast().getBytes(StandardCharsets.UTF_8);
    String name = "%s line %d".formatted(file, lines.size());
    return Json.read(name, new ByteArrayInputStream(last), StepMetrics.class);
  }
}
