package mechinterp.circuits;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.NaiveTransformer;
import mechinterp.model.RandomWeights;
import mechinterp.model.TinyModels;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Exact effects of every kind of node and edge against the formulas in plain loops. */
final class PatchingFormulaTest {
  private static final double TOLERANCE = 2e-4;

  private final Device device = CpuDevice.scalar();
  private final CircuitTask task =
      new CircuitTask(
          "test",
          List.of(
              new CircuitExample(List.of(2, 12, 5, 7), List.of(2, 9, 5, 1), 5, 7),
              new CircuitExample(List.of(4, 8, 1, 4), List.of(11, 8, 1, 4), 8, 13)));

  static List<TransformerConfig> recipes() {
    return List.of(TinyModels.GPT2, TinyModels.NEOX, TinyModels.LLAMA, TinyModels.GEMMA2);
  }

  static List<TransformerConfig> adding() {
    return List.of(TinyModels.GPT2, TinyModels.NEOX, TinyModels.LLAMA);
  }

  private static Map<String, double[][]> run(
      TransformerConfig config, int[] ids, NaiveTransformer.Editor editor) {
    return NaiveTransformer.run(config, new RandomWeights(config, 1), ids, editor);
  }

  private static double metric(Map<String, double[][]> run, CircuitExample example) {
    double[][] logits = run.getOrDefault("logits", new double[0][]);
    double[] last = logits[logits.length - 1];
    return last[example.answer()] - last[example.wrong()];
  }

  private static void copy(double[][] into, double[][] from, PatchSite site, Transformer model) {
    CircuitNode.Columns columns = site.node().columns(model.config());
    for (int t = site.from(); t < site.to(into.length); t++) {
      System.arraycopy(
          from[t], columns.from(), into[t], columns.from(), columns.to() - columns.from());
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void nodesOfEveryKindHaveTheEffectsOfTheFormulas(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    List<CircuitNode> nodes = new ArrayList<>();
    for (CircuitNode.Kind kind : CircuitNode.Kind.values()) {
      nodes.addAll(kind.of(model));
    }
    List<PatchSite> sites = new ArrayList<>(PatchSite.everywhere(nodes));
    sites.addAll(PatchSite.byPosition(CircuitNode.Kind.RESIDUAL.of(model), task));
    for (PatchDirection direction : PatchDirection.values()) {
      boolean noising = direction == PatchDirection.NOISING;
      Effects<PatchSite> effects =
          new ActivationPatching(
                  model, task, CircuitSettings.defaults().withDirection(direction), _ -> {})
              .effects(sites);
      for (int e = 0; e < task.examples().size(); e++) {
        CircuitExample example = task.examples().get(e);
        int[] base = noising ? example.cleanIds() : example.corruptIds();
        int[] source = noising ? example.corruptIds() : example.cleanIds();
        Map<String, double[][]> values = run(config, source, (_, _) -> {});
        double before = metric(run(config, base, (_, _) -> {}), example);
        for (int item = 0; item < sites.size(); item += 3) {
          PatchSite site = sites.get(item);
          String hook = site.node().hook().toString();
          double[][] value = values.getOrDefault(hook, new double[0][]);
          double after =
              metric(
                  run(
                      config,
                      base,
                      (name, x) -> {
                        if (name.equals(hook)) {
                          copy(x, value, site, model);
                        }
                      }),
                  example);
          assertEquals(
              after - before, effects.byExample(item)[e], TOLERANCE, site.name() + direction);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("adding")
  void edgesHaveTheEffectsOfTheFormulas(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    EdgeGraph graph = EdgeGraph.of(model);
    Effects<CircuitEdge> effects =
        new EdgePatching(model, task, CircuitSettings.defaults(), _ -> {}).effects();
    for (int e = 0; e < task.examples().size(); e++) {
      CircuitExample example = task.examples().get(e);
      Map<String, double[][]> clean = new HashMap<>(run(config, example.cleanIds(), (_, _) -> {}));
      Map<String, double[][]> corrupt = run(config, example.corruptIds(), (_, _) -> {});
      for (int item = 0; item < effects.items().size(); item += 5) {
        CircuitEdge edge = effects.items().get(item);
        String from = EdgeGraph.hook(edge.sender()).toString();
        double[][] difference =
            difference(
                corrupt.getOrDefault(from, new double[0][]),
                clean.getOrDefault(from, new double[0][]));
        BiConsumer<String, double[][]> add = adding(graph, edge, difference);
        double after = metric(run(config, example.cleanIds(), add::accept), example);
        assertEquals(
            after - metric(clean, example), effects.byExample(item)[e], TOLERANCE, edge.name());
      }
    }
  }

  private static BiConsumer<String, double[][]> adding(
      EdgeGraph graph, CircuitEdge edge, double[][] difference) {
    String hook = graph.hook(edge.receiver()).toString();
    int from = graph.columns(edge.sender()).from();
    int to = graph.columns(edge.receiver()).from();
    int width = graph.columns(edge.receiver()).to() - to;
    return (name, x) -> {
      for (int t = 0; name.equals(hook) && t < x.length; t++) {
        for (int c = 0; c < width; c++) {
          x[t][to + c] += difference[t][from + c];
        }
      }
    };
  }

  private static double[][] difference(double[][] a, double[][] b) {
    double[][] difference = new double[a.length][a[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a[i].length; j++) {
        difference[i][j] = a[i][j] - b[i][j];
      }
    }
    return difference;
  }
}
