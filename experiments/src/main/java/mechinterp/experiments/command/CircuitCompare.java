package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import mechinterp.circuits.RankAgreement;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mechinterp circuit compare}. */
@Command(
    name = "compare",
    description = "Show how well estimated effects agree with exact ones of the same task.")
public final class CircuitCompare implements Callable<Integer> {
  /** The method that estimates only how large effects are. */
  private static final String WITHOUT_SIGN = CircuitMethods.label(CircuitNodes.Method.ATP_DROP);

  @Parameters(
      index = "0",
      paramLabel = "TRUTH",
      description = "File that circuit nodes, edges or features wrote, by --method exact.")
  private Path truth;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "ESTIMATE",
      description = "Files of the same nodes or edges.")
  private List<Path> estimates = List.of();

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "How many of the largest are looked for. Default: ${DEFAULT-VALUE}.")
  private int top = 10;

  @Mixin private ResultOutput output;

  /** What is printed of a file. */
  record Row(String file, String method, RankAgreement agreement) {}

  /** What is printed. */
  record Result(String truth, int items, List<Row> rows) {}

  @Override
  public Integer call() throws IOException {
    Map<String, Double> exact = effects(truth);
    List<Row> rows = new ArrayList<>();
    for (Path file : estimates) {
      double[] scores = inOrder(file, effects(file), exact);
      String method = JsonField.read(file).at("settings").at("method").text();
      double[] wanted = method.equals(WITHOUT_SIGN) ? sizes(exact) : numbers(exact);
      rows.add(new Row(file.toString(), method, RankAgreement.of(scores, wanted, top)));
    }
    Result result = new Result(truth.toString(), exact.size(), rows);
    output.print(result, text(result));
    return 0;
  }

  private static Map<String, Double> effects(Path file) throws IOException {
    JsonField content = JsonField.read(file);
    Map<String, Double> effects = new LinkedHashMap<>();
    for (JsonField item : content.atFirst("nodes", "edges").items()) {
      effects.put(item.at("name").text(), item.at("effect").number());
    }
    return effects;
  }

  private double[] inOrder(Path file, Map<String, Double> found, Map<String, Double> exact)
      throws FormatException {
    if (!found.keySet().equals(exact.keySet())) {
      throw new FormatException(
          file.toString(),
          "has %d nodes or edges, %s has %d; they must be the same"
              .formatted(found.size(), truth, exact.size()));
    }
    return exact.keySet().stream().mapToDouble(name -> found.getOrDefault(name, 0.0)).toArray();
  }

  private static double[] numbers(Map<String, Double> effects) {
    return effects.values().stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double[] sizes(Map<String, Double> effects) {
    return effects.values().stream().mapToDouble(Math::abs).toArray();
  }

  private String text(Result result) {
    TextTable table = new TextTable("estimate", "Pearson", "Spearman", "top " + top);
    for (Row row : result.rows()) {
      table.row(
          "%s (%s)".formatted(row.file(), row.method()),
          number(row.agreement().pearson()),
          number(row.agreement().spearman()),
          number(row.agreement().topShare()));
    }
    return "%d effects against %s%n%s".formatted(result.items(), result.truth(), table);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
