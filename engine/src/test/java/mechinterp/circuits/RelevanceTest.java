package mechinterp.circuits;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.model.HookPoint;
import mechinterp.model.NaiveTransformer;
import mechinterp.model.RandomWeights;
import mechinterp.model.TinyModels;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Relevance against differences of a model in which the rules are how it computes. */
final class RelevanceTest {
  private static final double STEP = 1e-4;

  private final Device device = CpuDevice.scalar();
  private final CircuitTask task =
      new CircuitTask(
          "test", List.of(new CircuitExample(List.of(2, 12, 5, 7), List.of(2, 9, 5, 1), 5, 7)));

  static List<TransformerConfig> recipes() {
    return List.of(TinyModels.GPT2, TinyModels.NEOX, TinyModels.LLAMA, TinyModels.GEMMA2);
  }

  static List<TransformerConfig> adding() {
    return List.of(TinyModels.GPT2, TinyModels.NEOX, TinyModels.LLAMA);
  }

  /**
   * The model with scales (and patterns) as they are at the base run, and the feed-forward layers
   * linear: post = post_b pre / pre_b, or half of that and half of post_b linear / linear_b.
   */
  private static final class Ruled {
    private final TransformerConfig config;
    private final int[] ids;
    private final boolean patternHeld;
    private final Map<String, double[][]> base;

    Ruled(TransformerConfig config, int[] ids, boolean patternHeld) {
      this.config = config;
      this.ids = ids;
      this.patternHeld = patternHeld;
      this.base = NaiveTransformer.run(config, new RandomWeights(config, 1), ids, (_, _) -> {});
    }

    private double[][] at(String name) {
      return Objects.requireNonNull(base.get(name), name);
    }

    /** Returns the metric with a node moved by a part of the way to another value. */
    double metric(CircuitExample example, PatchSite site, double[][] to, double part) {
      Map<String, double[][]> seen = new HashMap<>();
      String moved = site.node().hook().toString();
      CircuitNode.Columns columns = columns(site);
      Map<String, double[][]> run =
          NaiveTransformer.run(
              config,
              new RandomWeights(config, 1),
              ids,
              (name, x) -> {
                rule(name, x, seen);
                for (int t = 0; name.equals(moved) && t < x.length; t++) {
                  for (int c = columns.from(); c < columns.to(); c++) {
                    x[t][c] += part * (to[t][c] - at(name)[t][c]);
                  }
                }
                seen.put(name, copy(x));
              });
      double[] last = Objects.requireNonNull(run.get("logits"))[ids.length - 1];
      return last[example.answer()] - last[example.wrong()];
    }

    private CircuitNode.Columns columns(PatchSite site) {
      return site.node().columns(config);
    }

    private void rule(String name, double[][] x, Map<String, double[][]> seen) {
      boolean isHeld =
          name.endsWith(".hook_scale") || (patternHeld && name.endsWith("attn.hook_pattern"));
      for (int t = 0; t < x.length; t++) {
        for (int c = 0; c < x[t].length; c++) {
          if (isHeld) {
            x[t][c] = at(name)[t][c];
          } else if (name.endsWith("mlp.hook_post")) {
            x[t][c] = at(name)[t][c] * share(name.replace("hook_post", ""), t, c, seen);
          }
        }
      }
    }

    private double share(String mlp, int t, int c, Map<String, double[][]> seen) {
      double pre = ratio(mlp + "hook_pre", t, c, seen);
      return config.mlp().gated() ? (pre + ratio(mlp + "hook_pre_linear", t, c, seen)) / 2 : pre;
    }

    private double ratio(String name, int t, int c, Map<String, double[][]> seen) {
      return Objects.requireNonNull(seen.get(name), name)[t][c] / at(name)[t][c];
    }

    private static double[][] copy(double[][] x) {
      double[][] copy = new double[x.length][];
      for (int t = 0; t < x.length; t++) {
        copy[t] = x[t].clone();
      }
      return copy;
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void effectsAreThoseOfTheModelThatTheRulesMake(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    List<CircuitNode> nodes = new ArrayList<>();
    for (CircuitNode.Kind kind : CircuitNode.Kind.values()) {
      nodes.addAll(kind.of(model));
    }
    List<PatchSite> sites = PatchSite.everywhere(nodes);
    CircuitExample example = task.examples().getFirst();
    Map<String, double[][]> source =
        NaiveTransformer.run(
            config, new RandomWeights(config, 1), example.corruptIds(), (_, _) -> {});
    for (boolean patternHeld : new boolean[] {false, true}) {
      Effects<PatchSite> found =
          new AttributionPatching(model, task, CircuitSettings.defaults(), _ -> {})
              .effects(sites, new Attribution.Relevance(patternHeld));
      Ruled ruled = new Ruled(config, example.cleanIds(), patternHeld);
      for (int item = 0; item < sites.size(); item += 2) {
        PatchSite site = sites.get(item);
        double[][] to =
            Objects.requireNonNull(source.get(site.node().hook().toString()), site.name());
        double more = ruled.metric(example, site, to, STEP);
        double less = ruled.metric(example, site, to, -STEP);
        assertEquals((more - less) / (2 * STEP), found.mean(item), 2e-4, site.name());
      }
    }
  }

  /** Every reader's own norm holds its scale, too, so ways add up to what a node does. */
  @ParameterizedTest
  @MethodSource("adding")
  void edgesOfANodeSumToItsEffect(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    for (boolean patternHeld : new boolean[] {false, true}) {
      Attribution relevance = new Attribution.Relevance(patternHeld);
      Effects<CircuitEdge> edges =
          new EdgeAttribution(model, task, CircuitSettings.defaults(), _ -> {}).effects(relevance);
      List<PatchSite> sites = PatchSite.everywhere(CircuitNode.Kind.COMPONENTS.of(model));
      Effects<PatchSite> nodes =
          new AttributionPatching(model, task, CircuitSettings.defaults(), _ -> {})
              .effects(sites, relevance);
      for (int node = 0; node < sites.size(); node++) {
        double sum = 0;
        for (int item = 0; item < edges.items().size(); item++) {
          boolean isIts = edges.items().get(item).sender().equals(sites.get(node).node());
          sum += isIts ? edges.mean(item) : 0;
        }
        assertEquals(nodes.mean(node), sum, 2e-5, sites.get(node).name());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ofALinearModelItIsExact(boolean patternHeld) {
    Transformer model = HandMadeModel.linear(device);
    CircuitTask longer = CircuitTest.task();
    List<PatchSite> sites = PatchSite.everywhere(CircuitNode.Kind.COMPONENTS.of(model));
    Attribution relevance = new Attribution.Relevance(patternHeld);
    CircuitSettings settings = CircuitSettings.defaults();
    Effects<PatchSite> exact =
        new ActivationPatching(model, longer, settings, _ -> {}).effects(sites);
    Effects<PatchSite> found =
        new AttributionPatching(model, longer, settings, _ -> {}).effects(sites, relevance);
    Effects<CircuitEdge> exactEdges = new EdgePatching(model, longer, settings, _ -> {}).effects();
    Effects<CircuitEdge> edges =
        new EdgeAttribution(model, longer, settings, _ -> {}).effects(relevance);

    assertArrayEquals(exact.means(), found.means(), 1e-5);
    assertArrayEquals(exactEdges.means(), edges.means(), 1e-5);
  }

  /** Between latents gradients go back by the rules, too. */
  @ParameterizedTest
  @MethodSource("recipes")
  void edgesOfALatentSumToItsEffect(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    FeatureModel features =
        new FeatureModel(
            model,
            List.of(
                site(model, HookPoint.residPost(0)),
                site(model, HookPoint.mlpOut(1)),
                site(model, HookPoint.inBlock(1, "mlp.hook_post"))));
    FeatureAttribution attribution =
        new FeatureAttribution(features, task, FeatureSettings.defaults(), _ -> {});
    for (boolean patternHeld : new boolean[] {false, true}) {
      Attribution relevance = new Attribution.Relevance(patternHeld);
      Effects<FeatureNode> nodes = attribution.effects(relevance);
      Effects<FeatureEdge> edges = attribution.edges(nodes, relevance, new FeatureThresholds(0, 0));
      Map<FeatureNode, Double> sums = new HashMap<>();
      for (int item = 0; item < edges.items().size(); item++) {
        sums.merge(edges.items().get(item).sender(), edges.mean(item), Double::sum);
      }
      for (int item = 0; item < nodes.items().size(); item++) {
        FeatureNode node = nodes.items().get(item);
        assertEquals(nodes.mean(item), sums.getOrDefault(node, 0.0), 2e-5, node.name());
      }
    }
  }

  private static FeatureSite site(Transformer model, HookPoint hook) {
    Sae sae = Sae.allocate(model.device(), new TopKConfig(model.width(hook), 24, 5));
    FeatureCircuitTest.fill(sae, hook.toString());
    return new FeatureSite(hook, sae);
  }

  @Test
  void whereTheIdentityRuleWritesNoWayEnds() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    FeatureModel features =
        new FeatureModel(model, List.of(site(model, HookPoint.inBlock(0, "mlp.hook_pre"))));
    FeatureAttribution attribution =
        new FeatureAttribution(features, task, FeatureSettings.defaults(), _ -> {});
    Attribution relevance = new Attribution.Relevance(false);
    Effects<FeatureNode> nodes = attribution.effects(relevance);
    String refused =
        Refusal.of(
            IllegalArgumentException.class,
            () -> attribution.edges(nodes, relevance, FeatureThresholds.defaults()));

    assertTrue(refused.startsWith("edges: relevance goes past blocks.0.mlp.hook_pre"), refused);
  }
}
