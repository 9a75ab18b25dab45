package mechinterp.circuits.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import mechinterp.circuits.HandMadeModel;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.model.HookPoint;
import mechinterp.model.TinyModels;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.sae.RandomSae;
import mechinterp.sae.TopKConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Graphs of random models, of a linear one, and of one whose graph is known by hand. */
final class AttributionGraphTest {
  private static final int[] PROMPT = {2, 12, 5, 7, 13, 12, 6};
  private static final GraphSettings SETTINGS = GraphSettings.defaults().withLogits(3, 1);

  private final Device device = CpuDevice.scalar();

  static List<TransformerConfig> recipes() {
    return List.of(
        TinyModels.GPT2,
        TinyModels.NEOX,
        TinyModels.LLAMA,
        TinyModels.QWEN2,
        TinyModels.QWEN3,
        TinyModels.GEMMA2,
        TinyModels.GEMMA3);
  }

  /** A model with random transcoders of each input that graphs take. */
  static List<LocalReplacementModel> replacements() {
    List<LocalReplacementModel> all = new ArrayList<>();
    Device device = CpuDevice.scalar();
    for (TransformerConfig config : recipes()) {
      Transformer model = TinyModels.frozen(config, device);
      for (String input :
          List.of("hook_mlp_in", "ln2.hook_normalized", "hook_resid_mid", "hook_resid_pre")) {
        if (model.hookPoints().contains(HookPoint.inBlock(0, input))) {
          all.add(
              new LocalReplacementModel(model, Transcoders.random(model, input), PROMPT.clone()));
        }
      }
      all.add(
          new LocalReplacementModel(
              model, Transcoders.crossLayer(model, "hook_mlp_in"), PROMPT.clone()));
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("replacements")
  void theReplacementModelHasTheModelsLogits(LocalReplacementModel local) {
    assertEquals(0, local.largestLogitDifference(), 1e-4);
    assertTrue(local.activeLatents() > 20, "active: " + local.activeLatents());
  }

  @ParameterizedTest
  @MethodSource("replacements")
  void inputsAndBiasSumToEveryTarget(LocalReplacementModel local) {
    try (AttributionGraph graph = new GraphBuilder(local, SETTINGS).build(_ -> {})) {
      assertEquals(local.activeLatents(), graph.latents());
      assertEquals(0, graph.identityError(), 1e-4);
      for (int target = 0; target < graph.nodes().size(); target++) {
        if (graph.nodes().get(target) instanceof GraphNode.Latent latent) {
          assertEquals(latent.activation(), graph.value(target), 1e-4);
          double sum = graph.bias(target);
          for (float effect : graph.inputs(target)) {
            sum += effect;
          }
          assertEquals(latent.activation(), sum, 1e-4 * Math.max(1, latent.activation()));
        }
      }
    }
  }

  /** Effects come from gradients, changes from runs forward. */
  @ParameterizedTest
  @MethodSource("replacements")
  void directEffectsAreWhatAnAblationTakesAway(LocalReplacementModel local) {
    try (AttributionGraph graph = new GraphBuilder(local, SETTINGS).build(_ -> {})) {
      GraphInterventions interventions = new GraphInterventions(local, graph);
      int last = graph.latents() - 1;
      for (Set<Integer> group : List.of(Set.of(0), Set.of(1, graph.latents() / 2), Set.of(last))) {
        GraphInterventions.Outcome outcome = interventions.scale(group, 0, Freedom.DIRECT);
        assertArrayEquals(outcome.real(), outcome.predicted(), 5e-4);
      }
    }
  }

  private LocalReplacementModel linear() {
    Transformer model = HandMadeModel.linear(device);
    return new LocalReplacementModel(
        model, Transcoders.ofMlps(model, HandMadeModel.linearWeights()), new int[] {12, 5, 7, 13});
  }

  @Test
  void theGraphOfALinearModelPredictsEveryIntervention() {
    LocalReplacementModel local = linear();
    try (AttributionGraph graph = new GraphBuilder(local, SETTINGS).build(_ -> {})) {
      assertEquals(1, graph.scores().replacement(), 1e-3);
      assertEquals(1, graph.scores().completeness(), 1e-3);
      GraphInterventions interventions = new GraphInterventions(local, graph);
      for (Freedom freedom : Freedom.values()) {
        GraphInterventions.Outcome outcome = interventions.scale(Set.of(0, 4), 1.05, freedom);
        assertTrue(Arrays.stream(outcome.real()).anyMatch(change -> Math.abs(change) > 0.1));
        assertArrayEquals(outcome.real(), outcome.predicted(), 2e-3, freedom.name());
        if (freedom != Freedom.DIRECT) {
          assertEquals(1, outcome.agreement().pearson(), 1e-5);
        }
      }
    }
  }

  private AttributionGraph relay(boolean both) {
    Transformer model = HandMadeModel.relay(device);
    LocalReplacementModel local =
        new LocalReplacementModel(model, Transcoders.relay(model, both), new int[] {12, 6, 13, 8});
    return new GraphBuilder(local, GraphSettings.defaults()).build(_ -> {});
  }

  @Test
  void theGraphOfARelayIsKnownByHand() {
    try (AttributionGraph graph = relay(true)) {
      PrunedGraph pruned = GraphPruning.defaults().prune(graph);
      List<GraphNode> nodes = pruned.nodes().stream().map(PrunedGraph.Node::node).toList();

      assertEquals(1, graph.scores().replacement(), 1e-6);
      assertEquals(1, graph.scores().completeness(), 1e-6);
      assertEquals(
          List.of(new GraphNode.Latent(0, 3, 3, 1), new GraphNode.Latent(1, 3, 3, 2)),
          nodes.subList(0, 2));
      assertEquals(new GraphNode.Token(3, 8), nodes.get(5));
      assertEquals(8, ((GraphNode.Logit) nodes.getLast()).id());
      assertEquals(7, nodes.size());
      assertEquals(
          List.of(
              new PrunedGraph.Edge(5, 0, 1),
              new PrunedGraph.Edge(0, 1, 2),
              new PrunedGraph.Edge(1, 6, 6 - 6 / 16.0)),
          pruned.edges());
    }
  }

  @Test
  void whatHasNoTranscoderIsAnError() {
    try (AttributionGraph graph = relay(false)) {
      List<GraphNode> kept =
          GraphPruning.defaults().prune(graph).nodes().stream()
              .map(PrunedGraph.Node::node)
              .toList();

      assertEquals(0, graph.scores().replacement(), 1e-6);
      assertTrue(kept.contains(new GraphNode.ReconstructionError(1, 3)), kept.toString());
      assertTrue(kept.stream().noneMatch(GraphNode.Latent.class::isInstance), kept.toString());
    }
  }

  private LocalReplacementModel gpt2() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    return new LocalReplacementModel(
        model, Transcoders.random(model, "hook_mlp_in"), PROMPT.clone());
  }

  @Test
  void spilledRowsAndSmallBatchesMakeTheSameGraph() {
    LocalReplacementModel local = gpt2();
    GraphSettings few = SETTINGS.withMaxNodes(31).withMemory(14, 1 << 20);
    GraphSettings spilled = few.withMemory(14, 1000);
    assertTrue(new GraphBuilder(local, spilled).spilledBytes() > 1000);
    assertEquals(0, new GraphBuilder(local, few).spilledBytes());
    try (AttributionGraph a = new GraphBuilder(local, few).build(_ -> {});
        AttributionGraph b = new GraphBuilder(local, spilled).build(_ -> {})) {
      assertEquals(31, a.latents());
      assertEquals(a.nodes(), b.nodes());
      for (int target = 0; target < a.nodes().size(); target++) {
        if (a.nodes().get(target).isTarget()) {
          assertArrayEquals(a.inputs(target), b.inputs(target));
        }
      }
      assertEquals(GraphPruning.defaults().prune(a), GraphPruning.defaults().prune(b));
      assertEquals(0, a.identityError(), 1e-4);
      int logit = a.nodes().size() - 1;
      double sum = a.bias(logit) + a.omitted(logit);
      for (float effect : a.inputs(logit)) {
        sum += effect;
      }
      assertEquals(a.value(logit), sum, 1e-4);
    }
  }

  /** The latents of a small graph are the best of the whole one when all rows are known. */
  @Test
  void theLatentsWithMostInfluenceAreTaken() {
    LocalReplacementModel local = gpt2();
    GraphSettings one = SETTINGS.withMemory(PROMPT.length, 1 << 20);
    try (AttributionGraph all = new GraphBuilder(local, one).build(_ -> {});
        AttributionGraph few = new GraphBuilder(local, one.withMaxNodes(40)).build(_ -> {})) {
      double[] influence = all.influence();
      Set<GraphNode> best =
          IntStream.range(0, all.latents())
              .boxed()
              .sorted((a, b) -> Double.compare(influence[b], influence[a]))
              .limit(20)
              .map(all.nodes()::get)
              .collect(Collectors.toSet());
      best.removeAll(few.nodes());
      assertTrue(best.size() <= 1, "missing: " + best);
    }
  }

  /** The formulas of circuit-tracer in plain loops over the whole matrix. */
  @Test
  void influenceAndScoresAreThoseOfTheWholeMatrix() {
    LocalReplacementModel local = gpt2();
    try (AttributionGraph graph = new GraphBuilder(local, SETTINGS).build(_ -> {})) {
      int n = graph.nodes().size();
      double[][] shares = new double[n][n];
      double[] own = new double[n];
      for (int target = 0; target < n; target++) {
        if (graph.nodes().get(target).isTarget()) {
          float[] inputs = graph.inputs(target);
          double size = InfluenceFlow.size(inputs);
          for (int source = 0; source < n; source++) {
            shares[target][source] = Math.abs(inputs[source]) / size;
          }
        }
        own[target] = graph.weight(target);
      }
      double[] influence = new double[n];
      double[] step = own;
      for (int length = 0; length < 5; length++) {
        double[] next = new double[n];
        for (int target = 0; target < n; target++) {
          for (int source = 0; source < n; source++) {
            next[source] += step[target] * shares[target][source];
          }
        }
        for (int i = 0; i < n; i++) {
          influence[i] += next[i];
        }
        step = next;
      }
      assertArrayEquals(influence, graph.influence(), 1e-9);
    }
  }

  @Test
  void sharesOfScoresRiseWithThresholds() {
    LocalReplacementModel local = gpt2();
    try (AttributionGraph graph = new GraphBuilder(local, SETTINGS).build(_ -> {})) {
      int before = 0;
      for (double threshold : List.of(0.3, 0.6, 0.9, 1.0)) {
        PrunedGraph pruned = new GraphPruning(threshold, 0.98).prune(graph);
        assertTrue(pruned.nodes().size() >= before);
        before = pruned.nodes().size();
      }
      PrunedGraph all = new GraphPruning(1, 1).prune(graph);
      double[] influence = graph.influence();
      long edges =
          IntStream.range(0, graph.nodes().size())
              .filter(target -> graph.nodes().get(target).isTarget())
              .filter(target -> influence[target] + graph.weight(target) > 0)
              .mapToLong(target -> countNonZero(graph.inputs(target)))
              .sum();
      assertTrue(all.edges().size() > 0.9 * edges, all.edges().size() + " of " + edges);
    }
  }

  private static long countNonZero(float[] values) {
    return IntStream.range(0, values.length).filter(i -> values[i] != 0).count();
  }

  @Test
  void badInputIsOneLine() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    assertTrue(refused(() -> GraphSettings.defaults().withMaxNodes(0)).startsWith("max_nodes: is"));
    assertTrue(refused(() -> new GraphPruning(0, 0.5)).startsWith("node_threshold: is 0.0"));
    assertTrue(
        refused(() -> TranscoderSet.ofLayers(model, List.of()))
            .startsWith("transcoders: are none"));
    TranscoderSet.Member elsewhere = member(HookPoint.residPost(0), HookPoint.mlpOut(0), 10);
    assertTrue(
        refused(() -> TranscoderSet.ofLayers(model, List.of(elsewhere)))
            .contains("encodes blocks.0.hook_resid_post"));
    TranscoderSet.Member attention = member(HookPoint.mlpIn(0), HookPoint.attnOut(0), 10);
    assertTrue(
        refused(() -> TranscoderSet.ofLayers(model, List.of(attention)))
            .contains("makes blocks.0.hook_attn_out"));
    TranscoderSet.Member wide = member(HookPoint.mlpIn(0), HookPoint.mlpOut(0), 12);
    assertTrue(
        refused(() -> TranscoderSet.ofLayers(model, List.of(wide)))
            .contains("d_in is 12; they must be equal"));
    TranscoderSet.Member fine = member(HookPoint.mlpIn(0), HookPoint.mlpOut(0), 10);
    assertTrue(
        refused(() -> TranscoderSet.ofLayers(model, List.of(fine, fine)))
            .contains("two are of layer 0"));
    TranscoderSet.Member autoencoder =
        new TranscoderSet.Member(
            HookPoint.mlpIn(0),
            HookPoint.mlpOut(0),
            RandomSae.of(device, new TopKConfig(10, 20, 3), 1));
    assertTrue(
        refused(() -> TranscoderSet.ofLayers(model, List.of(autoencoder)))
            .contains("it must be a transcoder"));
    LocalReplacementModel local = gpt2();
    try (AttributionGraph graph = new GraphBuilder(local, SETTINGS).build(_ -> {})) {
      GraphInterventions interventions = new GraphInterventions(local, graph);
      assertTrue(
          refused(() -> interventions.scale(Set.of(graph.nodes().size() - 1), 0, Freedom.MODEL))
              .startsWith("group: has Logit"));
    }
  }

  /** Of two equal inputs of a latent none is among the strongest edges. */
  @Test
  void noPathThatIsLeftIsOneLine() {
    EdgeRows rows = new EdgeRows(3, 1 << 10);
    rows.add(new float[] {4, 0, 0});
    rows.add(new float[] {0, 1, 1});
    Optional<AttributionGraph.Target> latent = Optional.of(new AttributionGraph.Target(1, 0, 0, 0));
    Optional<AttributionGraph.Target> logit = Optional.of(new AttributionGraph.Target(0, 0, 0, 0));
    List<GraphNode> nodes =
        List.of(
            new GraphNode.Latent(0, 1, 7, 2),
            new GraphNode.Token(0, 5),
            new GraphNode.Token(1, 6),
            new GraphNode.Logit(1, 8, 0.9));
    try (AttributionGraph graph =
        new AttributionGraph(
            new int[] {5, 6},
            nodes,
            rows,
            new int[] {0, 1, 2},
            List.of(latent, Optional.empty(), Optional.empty(), logit))) {
      assertEquals(3, new GraphPruning(0.8, 0.98).prune(graph).edges().size());
      assertEquals(
          "prune: node_threshold 0.8 and edge_threshold 0.3 leave no path to a logit; raise them",
          refused(() -> new GraphPruning(0.8, 0.3).prune(graph)));
    }
  }

  private TranscoderSet.Member member(HookPoint in, HookPoint out, int width) {
    return new TranscoderSet.Member(in, out, Transcoders.random(device, width, 1));
  }

  private static String refused(Executable action) {
    return Refusal.of(IllegalArgumentException.class, action);
  }
}
