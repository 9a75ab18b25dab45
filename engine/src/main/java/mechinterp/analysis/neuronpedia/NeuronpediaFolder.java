package mechinterp.analysis.neuronpedia;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Example;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Explanation;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import tools.jackson.databind.JsonNode;

/**
 * Reads the folder of a source as Neuronpedia exports it, {@code
 * features|activations|explanations/batch-N.jsonl.gz}, or a folder of SAEDashboard, {@code
 * batch-N.json}; batch by batch, so memory is that of one.
 */
public final class NeuronpediaFolder {
  private static final Pattern BATCH =
      Pattern.compile("batch-(\\d{1,9})\\.(json|jsonl\\.gz|jsonl)");

  private final Path folder;
  private final boolean exported;
  private final List<Path> batches;

  private NeuronpediaFolder(Path folder, boolean exported, List<Path> batches) {
    this.folder = folder;
    this.exported = exported;
    this.batches = batches;
  }

  /**
   * Finds the batches.
   *
   * @throws FormatException when the folder has none
   * @throws IOException when it cannot be read
   */
  public static NeuronpediaFolder open(Path folder) throws IOException {
    boolean exported = Files.isDirectory(folder.resolve("features"));
    List<Path> batches = batches(exported ? folder.resolve("features") : folder, exported);
    if (batches.isEmpty()) {
      throw new FormatException(
          folder.toString(),
          "has neither features/batch-N.jsonl.gz nor batch-N.json; name the folder of a source");
    }
    return new NeuronpediaFolder(folder, exported, batches);
  }

  private static List<Path> batches(Path folder, boolean lines) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> BATCH.matcher(file.getFileName().toString()).matches())
          .filter(file -> lines != file.toString().endsWith(".json"))
          .sorted(Comparator.comparingInt(NeuronpediaFolder::number))
          .toList();
    }
  }

  private static int number(Path batch) {
    Matcher name = BATCH.matcher(batch.getFileName().toString());
    return name.matches() ? Integer.parseInt(name.group(1)) : -1;
  }

  /** What a folder is of: the names of model and source, and the largest index and 1. */
  public record Summary(String model, String source, int latents) {}

  /** Takes a latent. */
  @FunctionalInterface
  public interface Target {
    /** Takes it. */
    void take(NeuronpediaLatent latent) throws IOException;
  }

  /** Sees a row with a latent. */
  @FunctionalInterface
  private interface Visitor {
    void visit(FileRow row) throws IOException;
  }

  /** Returns what the folder is of; all batches are gone through. */
  public Summary summary() throws IOException {
    List<String> names = new ArrayList<>();
    int[] latents = new int[1];
    for (Path batch : batches) {
      forEachFeature(
          batch,
          (file, row) -> {
            if (names.isEmpty()) {
              names.add(exported ? row.text("modelId") : file.text("model_id"));
              names.add(exported ? row.text("layer") : source(file));
            }
            latents[0] = Math.max(latents[0], index(row) + 1);
          });
    }
    if (names.isEmpty()) {
      throw new FormatException(folder.toString(), "has no feature; there must be one");
    }
    return new Summary(names.get(0), names.get(1), latents[0]);
  }

  private static String source(FileRow file) throws FormatException {
    String suffix = file.text("sae_id_suffix", "");
    return "%d-%s%s"
        .formatted(
            file.index("layer"), file.text("sae_set"), suffix.isEmpty() ? "" : "__" + suffix);
  }

  private int index(FileRow row) throws FormatException {
    return row.index(exported ? "index" : "feature_index");
  }

  /** Sees a feature with the file that it stands in. */
  @FunctionalInterface
  private interface FeatureVisitor {
    void visit(FileRow file, FileRow row) throws IOException;
  }

  private void forEachFeature(Path batch, FeatureVisitor visitor) throws IOException {
    if (exported) {
      forEachLine(batch, row -> visitor.visit(row, row));
    } else {
      FileRow file = new FileRow(batch.toString(), Json.tree(batch));
      for (FileRow row : file.rows("features")) {
        visitor.visit(file, row);
      }
    }
  }

  /**
   * Reads all latents, batch by batch, and in a batch by index.
   *
   * @throws FormatException {@code FILE line n: field f: ...} when a file lacks what it must have,
   *     as one of another version does
   */
  public void forEach(Target target) throws IOException {
    for (Path batch : batches) {
      Map<Integer, NeuronpediaLatent> latents = exported ? exported(batch) : dashboard(batch);
      for (NeuronpediaLatent latent : latents.values()) {
        target.take(latent);
      }
    }
  }

  private Map<Integer, NeuronpediaLatent> dashboard(Path batch) throws IOException {
    TreeMap<Integer, NeuronpediaLatent> latents = new TreeMap<>();
    forEachFeature(
        batch,
        (_, row) -> {
          List<Example> examples = new ArrayList<>();
          for (FileRow activation : row.rows("activations")) {
            examples.add(LatentReader.dashboardExample(activation));
          }
          put(
              latents,
              row,
              LatentReader.latent(row, index(row), max(examples), examples, List.of()));
        });
    return latents;
  }

  private static double max(List<Example> examples) {
    return examples.stream()
        .mapToDouble(example -> example.values().get(example.peak()))
        .max()
        .orElse(0);
  }

  private static void put(
      Map<Integer, NeuronpediaLatent> latents, FileRow row, NeuronpediaLatent latent)
      throws FormatException {
    if (latents.put(latent.index(), latent) != null) {
      throw new FormatException(
          row.name(), "latent %d is there twice; once is right".formatted(latent.index()));
    }
  }

  private Map<Integer, NeuronpediaLatent> exported(Path batch) throws IOException {
    TreeMap<Integer, List<Example>> examples = new TreeMap<>();
    forEachBeside(
        batch,
        "activations",
        row ->
            examples
                .computeIfAbsent(index(row), _ -> new ArrayList<>())
                .add(LatentReader.exportedExample(row)));
    TreeMap<Integer, List<Explanation>> explanations = new TreeMap<>();
    forEachBeside(
        batch,
        "explanations",
        row ->
            explanations
                .computeIfAbsent(index(row), _ -> new ArrayList<>())
                .add(LatentReader.explanation(row)));
    TreeMap<Integer, NeuronpediaLatent> latents = new TreeMap<>();
    forEachFeature(
        batch,
        (_, row) -> {
          int index = index(row);
          List<Example> own = examples.getOrDefault(index, List.of());
          double max = row.number("maxActApprox", max(own));
          List<Explanation> said = explanations.getOrDefault(index, List.of());
          put(latents, row, LatentReader.latent(row, index, max, own, said));
        });
    return latents;
  }

  /** Goes through the file of another kind with the batch's name, if there is one. */
  private void forEachBeside(Path batch, String kind, Visitor visitor) throws IOException {
    Path file = folder.resolve(kind).resolve(String.valueOf(batch.getFileName()));
    if (Files.exists(file)) {
      forEachLine(file, visitor);
    }
  }

  private static void forEachLine(Path file, Visitor visitor) throws IOException {
    try (InputStream in = Files.newInputStream(file);
        InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8))) {
      int number = 1;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String name = "%s line %d".formatted(file, number++);
        if (!line.isBlank()) {
          byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
          visitor.visit(new FileRow(name, Json.read(name, bytes, JsonNode.class)));
        }
      }
    } catch (ZipException | EOFException e) {
      throw new FormatException(file.toString(), "is no whole gzip file; it must be one", e);
    }
  }
}
