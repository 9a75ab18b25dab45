package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import mechinterp.io.AtomicFile;

/** Writes the report's files. */
public final class BenchReport {
  private BenchReport() {}

  /**
   * Writes {@code results.jsonl}, {@code report.md} and {@code report.html}.
   *
   * @return the page
   */
  public static Path write(BenchResults results, Path folder) throws IOException {
    results.writeLines(folder);
    write(folder.resolve("report.md"), BenchTables.markdown(results));
    Path page = folder.resolve("report.html");
    write(page, BenchPage.of(results));
    return page;
  }

  private static void write(Path file, String text) throws IOException {
    AtomicFile.write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }
}
