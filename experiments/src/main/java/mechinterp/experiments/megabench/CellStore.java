package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import mechinterp.device.Device;
import mechinterp.io.AtomicFile;
import mechinterp.io.AtomicFolder;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.megabench.Metric;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;

/**
 * The folder of a benchmark: {@code cells/NAME} with {@code cell.json}, the autoencoder in {@code
 * sae} and {@code measurements.json}; {@code pairs} with what two seeds have in common. What is
 * there is not done again.
 */
final class CellStore {
  static final String CELL = "cell.json";
  static final String SAE = "sae";
  private static final String MEASUREMENTS = "measurements.json";

  /** Raised with what is compared: files of earlier definitions have other names. */
  private static final String PAIR = "2";

  private final Path out;

  CellStore(Path out) {
    this.out = out;
  }

  /** Returns the folder of a cell, which may not be there. */
  Path folder(BenchCell cell) {
    return cells().resolve(cell.folderName());
  }

  /** Returns the folder of a cell's name. */
  Path folder(String name) {
    return cells().resolve(name);
  }

  private Path cells() {
    return out.resolve("cells");
  }

  /** Returns the folders of all cells, by name. */
  List<Path> folders() throws IOException {
    if (!Files.isDirectory(cells())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(cells())) {
      return files.filter(path -> !path.getFileName().toString().startsWith(".")).sorted().toList();
    }
  }

  /**
   * Returns what a cell is; nothing where there is no folder.
   *
   * @throws FormatException when the folder is half-written
   */
  static Optional<CellRecord> cell(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return Optional.empty();
    }
    if (!Files.exists(folder.resolve(CELL))) {
      throw new FormatException(
          folder.toString(),
          "has no cell.json, so it is half-written; delete the folder and run megabench run again");
    }
    return Optional.of(Json.read(folder.resolve(CELL), CellRecord.class));
  }

  /** Writes a cell that was trained. */
  static void writeCell(Path folder, CellRecord cell, Sae sae) throws IOException {
    AtomicFolder.replace(
        folder,
        CELL,
        to -> {
          Json.write(to.resolve(CELL), cell);
          SaeFiles.save(sae, to.resolve(SAE), new SaeMetadata(Map.of()));
        });
  }

  /** Returns the autoencoder of a cell. */
  static Sae sae(Path folder, Device device) throws IOException {
    return SaeFiles.load(folder.resolve(SAE), device).sae();
  }

  /** Returns what was measured of a cell, by whatever definitions; nothing where it was not yet. */
  static Optional<CellMeasurements> measured(Path folder) throws IOException {
    Path file = folder.resolve(MEASUREMENTS);
    return Files.exists(file)
        ? Optional.of(Json.read(file, CellMeasurements.class))
        : Optional.empty();
  }

  /** Returns whether a cell is measured by the definitions of this program. */
  static boolean isFinished(Path folder) throws IOException {
    return cell(folder).isPresent()
        && measured(folder).map(CellMeasurements::version).equals(Optional.of(Metric.VERSION));
  }

  /**
   * Returns what was measured of a cell; nothing where it was not yet.
   *
   * @throws FormatException when it was by other definitions
   */
  static Optional<CellMeasurements> current(Path folder) throws IOException {
    Optional<CellMeasurements> found = measured(folder);
    if (found.isPresent() && found.get().version() != Metric.VERSION) {
      throw new FormatException(
          folder.resolve(MEASUREMENTS).toString(),
          "is of definitions %d, this program's are %d; megabench run measures it again"
              .formatted(found.get().version(), Metric.VERSION));
    }
    return found;
  }

  /** Writes what was measured. */
  static void write(Path folder, CellMeasurements measurements) throws IOException {
    byte[] text = (Json.compact(measurements) + "\n").getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(folder.resolve(MEASUREMENTS), file -> file.write(text));
  }

  /**
   * What two seeds' autoencoders have in common.
   *
   * @param first folder name of one
   * @param second folder name of the other
   * @param cosine mean cosine of matched decoder rows
   * @param match share of rows with a match above .7
   * @param span mean length of rows projected on their nearest ones' span
   * @param subspace overlap of what unmatched rows span; nothing where there are too few
   */
  record Pair(
      String first,
      String second,
      double cosine,
      double match,
      double span,
      Optional<Double> subspace) {}

  private Path file(String first, String second) {
    return out.resolve("pairs").resolve(BenchCell.hash(List.of(PAIR, first, second)) + ".json");
  }

  /** Returns what two cells have in common; nothing where they are not compared. */
  Optional<Pair> pair(String first, String second) throws IOException {
    Path file = file(first, second);
    return Files.exists(file) ? Optional.of(Json.read(file, Pair.class)) : Optional.empty();
  }

  /** Writes what two cells have in common. */
  void write(Pair pair) throws IOException {
    Files.createDirectories(out.resolve("pairs"));
    Json.write(file(pair.first(), pair.second()), pair);
  }
}
