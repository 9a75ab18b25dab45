package mechinterp.experiments.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import mechinterp.circuits.Baseline;
import mechinterp.circuits.CircuitEdge;
import mechinterp.circuits.CircuitFidelity;
import mechinterp.circuits.CircuitTask;
import mechinterp.circuits.Effects;
import mechinterp.circuits.FeatureEdge;
import mechinterp.circuits.FeatureNode;
import mechinterp.circuits.PatchSite;
import mechinterp.experiments.console.TextTable;
import mechinterp.model.Transformer;

/**
 * What {@code circuit nodes}, {@code circuit edges} and {@code circuit features} write.
 *
 * @param model its name and the SHA-256 of its weights
 * @param task name of the task
 * @param examples number of examples
 * @param settings how the effects were found
 * @param autoencoders whose latents the nodes are
 * @param cleanMetric mean metric of the clean prompts
 * @param corruptMetric of the corrupted ones
 * @param nodes their effects, of {@code nodes}
 * @param edges their effects, of {@code edges}
 * @param completenessError of integrated gradients
 * @param curve faithfulness by size
 * @param environment versions and device
 */
public record CircuitResult(
    String model,
    String task,
    int examples,
    Settings settings,
    Optional<Autoencoders> autoencoders,
    double cleanMetric,
    double corruptMetric,
    Optional<List<Effect>> nodes,
    Optional<List<Effect>> edges,
    Optional<Double> completenessError,
    Optional<CircuitFidelity.Curve> curve,
    Environment environment) {
  private static final int SHOWN = 15;

  /**
   * How the effects were found.
   *
   * @param method name of the method
   * @param metric what is measured
   * @param direction which values are put into which run
   * @param steps of integrated gradients
   * @param path of integrated gradients
   * @param threshold of ACDC
   */
  public record Settings(
      String method,
      String metric,
      String direction,
      Optional<Integer> steps,
      Optional<String> path,
      Optional<Double> threshold) {
    /** Returns the settings of a search with a threshold. */
    public Settings withThreshold(double other) {
      return new Settings(method, metric, direction, steps, path, Optional.of(other));
    }
  }

  /**
   * The autoencoders whose latents and errors are nodes.
   *
   * @param saes where they were read from
   * @param hooks whose activations they are of, in the order of computation
   * @param replacement what takes the place of a latent
   * @param nodeThreshold least effect of nodes that have edges
   * @param edgeThreshold least effect of edges
   */
  public record Autoencoders(
      List<String> saes,
      List<String> hooks,
      String replacement,
      Optional<Double> nodeThreshold,
      Optional<Double> edgeThreshold) {
    /** Keeps the lists. */
    public Autoencoders {
      saes = List.copyOf(saes);
      hooks = List.copyOf(hooks);
    }
  }

  /**
   * What a node or an edge does.
   *
   * @param name its name
   * @param effect mean over examples
   * @param halfWidth of its 95 % interval over examples; none for a single example
   * @param kept whether it is in the circuit that was searched for
   */
  public record Effect(
      String name, double effect, Optional<Double> halfWidth, Optional<Boolean> kept) {}

  /** What results are of. */
  public record Run(Transformer model, CircuitTask task, Settings settings) {
    /** Returns the result of nodes. */
    public CircuitResult ofNodes(Effects<PatchSite> effects, Optional<Double> completenessError) {
      return result(
          effects.baseline(),
          Optional.empty(),
          Optional.of(all(effects, PatchSite::name)),
          Optional.empty(),
          completenessError,
          Optional.empty());
    }

    /** Returns the result of latents and errors. */
    public CircuitResult ofFeatures(
        Autoencoders autoencoders,
        Effects<FeatureNode> effects,
        Optional<Effects<FeatureEdge>> between,
        Optional<Double> completenessError,
        Optional<CircuitFidelity.Curve> curve) {
      return result(
          effects.baseline(),
          Optional.of(autoencoders),
          Optional.of(all(effects, FeatureNode::name)),
          between.map(found -> all(found, FeatureEdge::name)),
          completenessError,
          curve);
    }

    private static <T> List<Effect> all(Effects<T> effects, Function<T, String> name) {
      List<Effect> all = new ArrayList<>();
      for (int item = 0; item < effects.items().size(); item++) {
        String its = name.apply(effects.items().get(item));
        all.add(effect(effects, item, its, Optional.empty()));
      }
      return all;
    }

    /** Returns the result of edges. */
    public CircuitResult ofEdges(
        Effects<CircuitEdge> effects,
        Optional<Set<CircuitEdge>> kept,
        Optional<CircuitFidelity.Curve> curve) {
      List<Effect> edges = new ArrayList<>();
      for (int item = 0; item < effects.items().size(); item++) {
        CircuitEdge edge = effects.items().get(item);
        edges.add(effect(effects, item, edge.name(), kept.map(circuit -> circuit.contains(edge))));
      }
      return result(
          effects.baseline(),
          Optional.empty(),
          Optional.empty(),
          Optional.of(edges),
          Optional.empty(),
          curve);
    }

    private CircuitResult result(
        Baseline baseline,
        Optional<Autoencoders> autoencoders,
        Optional<List<Effect>> nodes,
        Optional<List<Effect>> edges,
        Optional<Double> completenessError,
        Optional<CircuitFidelity.Curve> curve) {
      return new CircuitResult(
          model.identity(),
          task.name(),
          task.examples().size(),
          settings,
          autoencoders,
          baseline.cleanMean(),
          baseline.corruptMean(),
          nodes,
          edges,
          completenessError,
          curve,
          Environment.of(model.device()));
    }

    private static Effect effect(
        Effects<?> effects, int item, String name, Optional<Boolean> kept) {
      double halfWidth = effects.interval(item).halfWidth();
      return new Effect(
          name,
          effects.mean(item),
          Double.isFinite(halfWidth) ? Optional.of(halfWidth) : Optional.empty(),
          kept);
    }
  }

  /** Returns the result for people: the largest effects, and the curve. */
  public String text(Path file) {
    List<Effect> all = nodes.or(() -> edges).orElse(List.of());
    String what = nodes.isPresent() ? "nodes" : "edges";
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s: %d %s by %s, %d examples of %s; metric %.4f clean, %.4f corrupted%n",
                file,
                all.size(),
                what,
                settings.method(),
                examples,
                task,
                cleanMetric,
                corruptMetric));
    completenessError.ifPresent(error ->
        text.append(String.format(Locale.ROOT, "completeness error %.3f %%%n", 100 * error)));
    text.append(effectTable(all));
    if (nodes.isPresent() && edges.isPresent()) {
      text.append(
          "%n%d edges between nodes above the threshold%n%s"
              .formatted(edges.get().size(), effectTable(edges.get())));
    }
    curve.ifPresent(c -> text.append(curveTable(c)));
    return text.toString();
  }

  private static TextTable effectTable(List<Effect> effects) {
    TextTable table = new TextTable("largest", "effect", "95 %");
    effects.stream()
        .sorted((a, b) -> Double.compare(Math.abs(b.effect()), Math.abs(a.effect())))
        .limit(SHOWN)
        .forEach(effect ->
            table.row(
                effect.name() + (effect.kept().orElse(true) ? "" : " (removed)"),
                number(effect.effect()),
                effect.halfWidth().map(width -> "+- " + number(width)).orElse("")));
    return table;
  }

  private static String curveTable(CircuitFidelity.Curve curve) {
    TextTable table =
        new TextTable("size", "share", "faithfulness", "95 %", "completeness", "random");
    for (CircuitFidelity.Point point : curve.points()) {
      table.row(
          String.valueOf(point.size()),
          String.format(Locale.ROOT, "%.1f %%", 100 * point.share()),
          number(point.faithfulness()),
          number(point.low()) + " to " + number(point.high()),
          number(point.completeness()),
          number(point.random()));
    }
    return String.format(
        Locale.ROOT,
        "%n%sCPR %.3f (random %.3f), CMD %.3f (random %.3f)%n",
        table,
        curve.cpr(),
        curve.randomCpr(),
        curve.cmd(),
        curve.randomCmd());
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
