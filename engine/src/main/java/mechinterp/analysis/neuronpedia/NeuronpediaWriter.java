package mechinterp.analysis.neuronpedia;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.zip.GZIPOutputStream;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Example;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Explanation;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Similar;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.TokenValue;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;
import mechinterp.io.Sha256;

/**
 * Writes the folder of a source, MODEL/LAYER-SET, as Neuronpedia's import reads it: {@code
 * release|model|sourceset|source.jsonl} and {@code
 * features|activations|explanations/batch-N.jsonl.gz}. The fields are those of Neuronpedia's own
 * converter of SAEDashboard's files (August 2026); what is not known is left out, and gets the
 * value that the database has for it.
 */
public final class NeuronpediaWriter {
  private static final int BATCH = 1024;
  private static final int ID_DIGITS = 24;

  /** Whom instances of Neuronpedia have from their start; SAEDashboard names the same. */
  private static final String CREATOR = "clkht01d40000jv08hvalcvly";

  /** Lists that this library does not compute; Neuronpedia's pages want all of them. */
  private static final List<String> UNKNOWN =
      List.of(
          "neuron_alignment_indices",
          "neuron_alignment_values",
          "neuron_alignment_l1",
          "correlated_neurons_indices",
          "correlated_neurons_pearson",
          "correlated_neurons_l1",
          "correlated_features_indices",
          "correlated_features_pearson",
          "correlated_features_l1",
          "decoder_weights_dist");

  private final NeuronpediaSource source;
  private final Path folder;
  private final List<NeuronpediaLatent> batch = new ArrayList<>();
  private int batches;

  private NeuronpediaWriter(NeuronpediaSource source, Path folder) {
    this.source = source;
    this.folder = folder;
  }

  /** Makes the latents, one after the other. */
  @FunctionalInterface
  public interface Latents {
    /** Hands all of them to a target. */
    void forEach(NeuronpediaFolder.Target target) throws IOException;
  }

  /**
   * Writes the folder, which appears whole or not at all.
   *
   * @param root where MODEL is, or comes to be
   * @return the source's folder
   * @throws IOException when the disk is full or refuses, or the folder holds something
   */
  public static Path write(Path root, NeuronpediaSource source, Latents latents)
      throws IOException {
    Path target = root.resolve(source.model()).resolve(source.id());
    AtomicFolder.write(
        target,
        inside -> {
          NeuronpediaWriter writer = new NeuronpediaWriter(source, inside);
          writer.writeHeads();
          latents.forEach(writer::add);
          writer.writeBatch();
        });
    return target;
  }

  private void writeHeads() throws IOException {
    Map<String, Object> release = new LinkedHashMap<>();
    release.put("name", source.set());
    release.put("description", source.set());
    release.put("creatorName", "mechinterp");
    release.put("visibility", "PUBLIC");
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("id", source.model());
    model.put("instruct", false);
    model.put("displayNameShort", source.model());
    model.put("displayName", source.model());
    model.put("layers", 0);
    model.put("neuronsPerLayer", 0);
    model.put("owner", "");
    model.put("updatedAt", source.createdAt().toString());
    Map<String, Object> set = new LinkedHashMap<>();
    set.put("modelId", source.model());
    set.put("name", source.set());
    set.put("description", source.hook());
    set.put("type", "");
    set.put("creatorName", "mechinterp");
    set.put("releaseName", source.set());
    set.put("visibility", "PUBLIC");
    Map<String, Object> own = new LinkedHashMap<>();
    own.put("id", source.id());
    own.put("modelId", source.model());
    own.put("setName", source.set());
    own.put("visibility", "PUBLIC");
    own.put("num_prompts", source.contexts());
    own.put("num_tokens_in_prompt", source.contextTokens());
    own.put("dataset", source.text());
    writeLine("release", release);
    writeLine("model", model);
    writeLine("sourceset", set);
    writeLine("source", own);
  }

  private void writeLine(String name, Map<String, Object> row) throws IOException {
    Files.writeString(folder.resolve(name + ".jsonl"), Json.compact(created(row)) + "\n");
  }

  private Map<String, Object> created(Map<String, Object> row) {
    row.put("creatorId", CREATOR);
    row.put("createdAt", source.createdAt().toString());
    return row;
  }

  private void add(NeuronpediaLatent latent) throws IOException {
    batch.add(latent);
    if (batch.size() == BATCH) {
      writeBatch();
    }
  }

  private void writeBatch() throws IOException {
    if (batch.isEmpty()) {
      return;
    }
    write("features", latent -> List.of(feature(latent)));
    write("activations", this::activations);
    if (batch.stream().anyMatch(latent -> !latent.explanations().isEmpty())) {
      write("explanations", this::explanations);
    }
    batch.clear();
    batches++;
  }

  private void write(String kind, Function<NeuronpediaLatent, List<Map<String, Object>>> rows)
      throws IOException {
    Path file = Files.createDirectories(folder.resolve(kind)).resolve(name());
    try (OutputStream out = Files.newOutputStream(file);
        OutputStream packed = new GZIPOutputStream(out);
        BufferedWriter lines =
            new BufferedWriter(new OutputStreamWriter(packed, StandardCharsets.UTF_8))) {
      for (NeuronpediaLatent latent : batch) {
        for (Map<String, Object> row : rows.apply(latent)) {
          lines.write(Json.compact(row));
          lines.write('\n');
        }
      }
    }
  }

  private String name() {
    return "batch-%d.jsonl.gz".formatted(batches);
  }

  private Map<String, Object> row(NeuronpediaLatent latent) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("modelId", source.model());
    row.put("layer", source.id());
    row.put("index", String.valueOf(latent.index()));
    return row;
  }

  private Map<String, Object> feature(NeuronpediaLatent latent) {
    Map<String, Object> row = created(row(latent));
    row.put("maxActApprox", latent.max());
    row.put("hasVector", false);
    row.put("vector", List.of());
    row.put("vectorDefaultSteerStrength", latent.max());
    row.put("hookName", source.hook());
    row.put("topkCosSimIndices", latent.neighbours().stream().map(Similar::index).toList());
    row.put("topkCosSimValues", latent.neighbours().stream().map(Similar::cosine).toList());
    row.put("neg_str", latent.suppressed().stream().map(TokenValue::token).toList());
    row.put("neg_values", latent.suppressed().stream().map(TokenValue::value).toList());
    row.put("pos_str", latent.promoted().stream().map(TokenValue::token).toList());
    row.put("pos_values", latent.promoted().stream().map(TokenValue::value).toList());
    row.put("frac_nonzero", latent.density());
    row.put("freq_hist_data_bar_heights", latent.histogram().heights());
    row.put("freq_hist_data_bar_values", latent.histogram().values());
    row.put("logits_hist_data_bar_heights", latent.logitHistogram().heights());
    row.put("logits_hist_data_bar_values", latent.logitHistogram().values());
    for (String unknown : UNKNOWN) {
      row.put(unknown, List.of());
    }
    return row;
  }

  private List<Map<String, Object>> activations(NeuronpediaLatent latent) {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Example example : latent.examples()) {
      Map<String, Object> row = created(row(latent));
      row.put("id", id(latent, "activation", rows.size()));
      row.put("tokens", example.tokens());
      row.put("values", example.values());
      row.put("maxValue", example.values().get(example.peak()));
      row.put("maxValueTokenIndex", example.peak());
      row.put("minValue", example.values().stream().mapToDouble(x -> x).min().orElse(0));
      row.put("dfaValues", List.of());
      row.put("lossValues", List.of());
      row.put("binMin", example.bin().min());
      row.put("binMax", example.bin().max());
      row.put("binContains", example.bin().share());
      if (example.qualifying() >= 0) {
        row.put("qualifyingTokenIndex", example.qualifying());
      }
      rows.add(row);
    }
    return rows;
  }

  private List<Map<String, Object>> explanations(NeuronpediaLatent latent) {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Explanation explanation : latent.explanations()) {
      Map<String, Object> row = row(latent);
      row.put("id", id(latent, "explanation", rows.size()));
      row.put("description", explanation.text());
      row.put("authorId", CREATOR);
      row.put("createdAt", source.createdAt().toString());
      if (!explanation.judge().isEmpty()) {
        row.put("notes", LatentReader.JUDGE + explanation.judge());
      }
      rows.add(row);
    }
    return rows;
  }

  /** The database's ids are any text that differs from all others; this one is always the same. */
  private String id(NeuronpediaLatent latent, String kind, int number) {
    String hash =
        new Sha256()
            .add(source.model())
            .add(source.id())
            .add(source.createdAt().toString())
            .add(kind)
            .add((long) latent.index())
            .add((long) number)
            .end();
    return "c" + hash.substring("sha256:".length(), "sha256:".length() + ID_DIGITS);
  }
}
