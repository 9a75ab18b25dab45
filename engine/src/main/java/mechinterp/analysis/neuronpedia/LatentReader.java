package mechinterp.analysis.neuronpedia;

import java.util.ArrayList;
import java.util.List;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Bin;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Example;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Explanation;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Histogram;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Similar;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.TokenValue;
import mechinterp.io.FormatException;

/** Makes latents of the rows of files. */
final class LatentReader {
  /**
   * Begins the notes of an explanation whose judge is none of the models that Neuronpedia's
   * database knows; their names alone may stand in its own column.
   */
  static final String JUDGE = "by ";

  private LatentReader() {}

  /** A feature of Neuronpedia or SAEDashboard, which have the same fields for what is read here. */
  static NeuronpediaLatent latent(
      FileRow row, int index, double max, List<Example> examples, List<Explanation> explanations)
      throws FormatException {
    return new NeuronpediaLatent(
        index,
        row.number("frac_nonzero"),
        max,
        tokens(row, "pos_str", "pos_values"),
        tokens(row, "neg_str", "neg_values"),
        histogram(row, "freq_hist_data_bar_values", "freq_hist_data_bar_heights"),
        histogram(row, "logits_hist_data_bar_values", "logits_hist_data_bar_heights"),
        neighbours(row),
        examples,
        explanations);
  }

  private static List<TokenValue> tokens(FileRow row, String texts, String values)
      throws FormatException {
    List<String> names = row.texts(texts);
    List<Double> effects = row.numbers(values);
    row.requireAsMany(texts, names.size(), values, effects.size());
    List<TokenValue> tokens = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      tokens.add(new TokenValue(names.get(i), effects.get(i)));
    }
    return tokens;
  }

  private static Histogram histogram(FileRow row, String values, String heights)
      throws FormatException {
    Histogram histogram = new Histogram(row.numbers(values), row.numbers(heights));
    row.requireAsMany(values, histogram.values().size(), heights, histogram.heights().size());
    return histogram;
  }

  private static List<Similar> neighbours(FileRow row) throws FormatException {
    if (!row.node().has("topkCosSimIndices")) {
      return List.of();
    }
    List<Double> indices = row.numbers("topkCosSimIndices");
    List<Double> cosines = row.numbers("topkCosSimValues");
    row.requireAsMany("topkCosSimIndices", indices.size(), "topkCosSimValues", cosines.size());
    List<Similar> similar = new ArrayList<>();
    for (int i = 0; i < indices.size(); i++) {
      similar.add(new Similar(indices.get(i).intValue(), cosines.get(i)));
    }
    return List.copyOf(similar);
  }

  /** An activation of Neuronpedia. */
  static Example exportedExample(FileRow row) throws FormatException {
    return example(
        row,
        new Bin(row.number("binMin", 0), row.number("binMax", 0), row.number("binContains", 0)),
        row.index("qualifyingTokenIndex", -1));
  }

  /** An activation of SAEDashboard. */
  static Example dashboardExample(FileRow row) throws FormatException {
    return example(
        row,
        new Bin(row.number("bin_min"), row.number("bin_max"), row.number("bin_contains")),
        row.index("qualifying_token_index", -1));
  }

  private static Example example(FileRow row, Bin bin, int qualifying) throws FormatException {
    Example example = new Example(row.texts("tokens"), row.numbers("values"), bin, qualifying);
    row.requireAsMany("tokens", example.tokens().size(), "values", example.values().size());
    if (example.tokens().isEmpty() || qualifying >= example.tokens().size()) {
      throw row.problem(
          "tokens", "are %d, fewer than are spoken of".formatted(example.tokens().size()));
    }
    return example;
  }

  /** An explanation of Neuronpedia. */
  static Explanation explanation(FileRow row) throws FormatException {
    String notes = row.text("notes", "");
    String judge = notes.startsWith(JUDGE) ? notes.substring(JUDGE.length()) : "";
    return new Explanation(row.text("description"), row.text("explanationModelName", judge));
  }
}
