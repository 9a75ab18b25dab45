package mechinterp.circuits;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.model.TinyModels;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Approximations against exact effects, on models whose answer is known. */
final class CircuitTest {
  private static final CircuitSettings SETTINGS = CircuitSettings.defaults();
  private static final Set<String> CIRCUIT =
      Set.of("hook_embed", "blocks.0.attn.head.0", "blocks.1.attn.head.1");
  private static final Set<String> CIRCUIT_EDGES =
      Set.of(
          "hook_embed->blocks.0.attn.head.0.v",
          "blocks.0.attn.head.0->blocks.1.attn.head.1.k",
          "blocks.1.attn.head.1->logits");

  private final Device device = CpuDevice.scalar();

  static CircuitTask task() {
    return new CircuitTask(
        "test",
        List.of(
            new CircuitExample(List.of(2, 12, 5, 7, 3, 12), List.of(2, 9, 5, 7, 3, 12), 5, 7),
            new CircuitExample(List.of(3, 4, 8, 1, 4), List.of(3, 11, 8, 1, 4), 8, 13),
            new CircuitExample(List.of(6, 10, 14, 2, 10), List.of(6, 3, 14, 2, 10), 14, 2)));
  }

  private Effects<PatchSite> exact(Transformer model, CircuitSettings settings) {
    return new ActivationPatching(model, task(), settings, _ -> {}).effects(components(model));
  }

  private static List<PatchSite> components(Transformer model) {
    return PatchSite.everywhere(CircuitNode.Kind.COMPONENTS.of(model));
  }

  private Effects<PatchSite> estimated(
      Transformer model, CircuitSettings settings, Attribution attribution) {
    return new AttributionPatching(model, task(), settings, _ -> {})
        .effects(components(model), attribution);
  }

  private static Attribution integrated(int steps, IntegrationPath path) {
    return new Attribution.IntegratedGradients(steps, path);
  }

  private static <T> void assertClose(Effects<T> expected, Effects<T> found, double tolerance) {
    assertEquals(expected.items(), found.items());
    for (int item = 0; item < expected.items().size(); item++) {
      assertArrayEquals(
          expected.byExample(item),
          found.byExample(item),
          tolerance,
          expected.items().get(item).toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyEstimateOfALinearModelIsExact(PatchDirection direction) {
    Transformer model = HandMadeModel.linear(device);
    CircuitSettings settings = SETTINGS.withDirection(direction);
    Effects<PatchSite> exact = exact(model, settings);

    assertTrue(DoubleStream.of(exact.means()).anyMatch(effect -> Math.abs(effect) > 0.1));
    assertClose(exact, estimated(model, settings, new Attribution.Gradient()), 1e-5);
    for (IntegrationPath path : IntegrationPath.values()) {
      assertClose(exact, estimated(model, settings, integrated(3, path)), 1e-5);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyEdgeOfALinearModelIsExact(PatchDirection direction) {
    Transformer model = HandMadeModel.linear(device);
    CircuitSettings settings = SETTINGS.withDirection(direction);
    Effects<CircuitEdge> exact = new EdgePatching(model, task(), settings, _ -> {}).effects();
    EdgeAttribution estimate = new EdgeAttribution(model, task(), settings, _ -> {});

    assertClose(exact, estimate.effects(new Attribution.Gradient()), 1e-5);
    for (IntegrationPath path : IntegrationPath.values()) {
      assertClose(exact, estimate.effects(integrated(2, path)), 1e-5);
    }
  }

  /** What a node sends along its edges is all that it does. */
  @Test
  void theEdgesOfANodeOfALinearModelSumToItsEffectWhereNothingIsBetween() {
    Transformer model = HandMadeModel.linear(device);
    Effects<PatchSite> nodes = exact(model, SETTINGS);
    Effects<CircuitEdge> edges = new EdgePatching(model, task(), SETTINGS, _ -> {}).effects();
    CircuitNode last = new CircuitNode.Mlp(1);
    int item = edges.items().indexOf(new CircuitEdge(last, new EdgeReceiver.Logits()));
    int node = nodes.items().indexOf(PatchSite.everywhere(List.of(last)).getFirst());

    assertArrayEquals(nodes.byExample(node), edges.byExample(item), 1e-5);
  }

  @ParameterizedTest
  @EnumSource
  void integratedGradientsAddUp(IntegrationPath path) {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    AttributionPatching patching = new AttributionPatching(model, task(), SETTINGS, _ -> {});
    List<PatchSite> sites = PatchSite.everywhere(List.of(new CircuitNode.Embedding()));
    double few = error(patching, sites, integrated(5, path));
    double many = error(patching, sites, integrated(100, path));

    assertTrue(many < 0.01, "error of 100 steps: " + many);
    assertTrue(many < few, "error of 5 steps: " + few);
  }

  private static double error(
      AttributionPatching patching, List<PatchSite> sites, Attribution attribution) {
    return patching.completenessError(patching.effects(sites, attribution).byExample(0));
  }

  private static <T> double auroc(Effects<T> effects, List<String> names, Set<String> circuit) {
    boolean[] truth = new boolean[names.size()];
    double[] scores = effects.means();
    for (int i = 0; i < truth.length; i++) {
      truth[i] = circuit.contains(names.get(i));
      scores[i] = Math.abs(scores[i]);
    }
    return RankAgreement.auroc(scores, truth);
  }

  private static double nodeAuroc(Effects<PatchSite> effects) {
    return auroc(effects, effects.items().stream().map(PatchSite::name).toList(), CIRCUIT);
  }

  private static double edgeAuroc(Effects<CircuitEdge> effects) {
    return auroc(effects, effects.items().stream().map(CircuitEdge::name).toList(), CIRCUIT_EDGES);
  }

  @Test
  void theHandMadeInductionCircuitIsRecovered() {
    Transformer model = HandMadeModel.induction(device);
    Effects<PatchSite> exact = exact(model, SETTINGS);
    Effects<CircuitEdge> edges = new EdgePatching(model, task(), SETTINGS, _ -> {}).effects();

    assertTrue(exact.baseline().cleanMean() > 3, "it does induction: " + exact.baseline());
    assertEquals(1, exact.baseline().accuracy());
    assertTrue(exact.baseline().corruptMean() < 1, "it cannot: " + exact.baseline());
    assertEquals(1, nodeAuroc(exact));
    assertEquals(1, edgeAuroc(edges));
    assertEquals(1, nodeAuroc(exact(model, SETTINGS.withDirection(PatchDirection.DENOISING))));
  }

  @Test
  void theApproximationsRecoverItToo() {
    Transformer model = HandMadeModel.induction(device);
    EdgeAttribution edges = new EdgeAttribution(model, task(), SETTINGS, _ -> {});

    assertEquals(1, nodeAuroc(estimated(model, SETTINGS, new Attribution.Gradient())));
    assertEquals(
        1, nodeAuroc(estimated(model, SETTINGS, integrated(10, IntegrationPath.ACTIVATIONS))));
    assertEquals(1, edgeAuroc(edges.effects(new Attribution.Gradient())));
    assertEquals(1, edgeAuroc(edges.effects(integrated(10, IntegrationPath.INPUTS))));
  }

  /**
   * Of a linear model the way back is a sum over ways, so what is left out can be counted: the last
   * layer's output reaches the logits by itself alone.
   */
  @Test
  void droppedGradientsLeaveOutOneLayerAtATime() {
    Transformer model = HandMadeModel.linear(device);
    Effects<PatchSite> exact = exact(model, SETTINGS);
    Effects<PatchSite> dropped = estimated(model, SETTINGS, new Attribution.DroppedGradients());
    int last = exact.items().size() - 1;

    for (int e = 0; e < 3; e++) {
      assertEquals(Math.abs(exact.byExample(last)[e]), dropped.byExample(last)[e], 1e-5);
    }
    assertEquals(
        "edges: dropped gradients and exact softmax are for nodes; use one gradient or integrated ones",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                new EdgeAttribution(model, task(), SETTINGS, _ -> {})
                    .effects(new Attribution.DroppedGradients())));
  }

  /** Behind the last layer's pattern all is linear here, so the estimate has nothing to miss. */
  @Test
  void theExactSoftmaxSeesWhatSaturationHides() {
    Transformer model = HandMadeModel.induction(device);
    List<PatchSite> parts = PatchSite.everywhere(CircuitNode.Kind.HEAD_PARTS.of(model));
    Effects<PatchSite> exact =
        new ActivationPatching(model, task(), SETTINGS, _ -> {}).effects(parts);
    AttributionPatching patching = new AttributionPatching(model, task(), SETTINGS, _ -> {});
    Effects<PatchSite> plain = patching.effects(parts, new Attribution.Gradient());
    Effects<PatchSite> corrected = patching.effects(parts, new Attribution.ExactSoftmax());
    int key = parts.stream().map(PatchSite::name).toList().indexOf("blocks.1.attn.head.1.k");

    assertTrue(exact.mean(key) < -2, "effect " + exact.mean(key));
    assertTrue(Math.abs(plain.mean(key) - exact.mean(key)) > 0.5, "estimate " + plain.mean(key));
    for (int item = 0; item < parts.size(); item++) {
      if (parts.get(item).name().matches("blocks.1.attn.head.[01].[qkv]")) {
        assertArrayEquals(
            exact.byExample(item), corrected.byExample(item), 1e-4, parts.get(item).name());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.circuits.PatchingFormulaTest#recipes")
  void theExactSoftmaxIsThatOfEveryArchitecture(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    List<PatchSite> parts = PatchSite.everywhere(CircuitNode.Kind.HEAD_PARTS.of(model));
    Effects<PatchSite> exact =
        new ActivationPatching(model, task(), SETTINGS, _ -> {}).effects(parts);
    AttributionPatching patching = new AttributionPatching(model, task(), SETTINGS, _ -> {});
    double[] corrected = patching.effects(parts, new Attribution.ExactSoftmax()).means();

    assertTrue(RankAgreement.of(corrected, exact.means(), 1).pearson() > 0.5);
  }

  @Test
  void theSearchKeepsJustItsEdges() {
    Transformer model = HandMadeModel.induction(device);
    MaskedModel masked =
        new MaskedModel(model, task(), SETTINGS.withMetric(TaskMetric.KL_DIVERGENCE));
    EdgeSearch.Found found = new EdgeSearch(masked, 0.01).search(_ -> {});

    assertEquals(
        CIRCUIT_EDGES, found.kept().stream().map(CircuitEdge::name).collect(Collectors.toSet()));
  }

  @Test
  void aMaskedModelIsTheModelItsTwinAndWhatPatchingGives() {
    Transformer model = TinyModels.frozen(TinyModels.LLAMA, device);
    MaskedModel masked = new MaskedModel(model, task(), SETTINGS);
    Effects<CircuitEdge> edges = new EdgePatching(model, task(), SETTINGS, _ -> {}).effects();
    double[] clean = masked.baseline().cleanArray();

    assertArrayEquals(clean, masked.metric(Set.of()), 1e-4);
    assertArrayEquals(
        masked.baseline().corruptArray(), masked.metric(new LinkedHashSet<>(edges.items())), 1e-4);
    for (int item = 0; item < edges.items().size(); item += 7) {
      double[] without = masked.metric(Set.of(edges.items().get(item)));
      int edge = item;
      double[] effects =
          IntStream.range(0, clean.length).mapToDouble(i -> without[i] - clean[i]).toArray();
      assertArrayEquals(edges.byExample(edge), effects, 1e-4, edges.items().get(edge).name());
    }
  }

  /** To take away all edges from a node is to patch it. */
  @Test
  void aNodeIsItsEdges() {
    Transformer model = TinyModels.frozen(TinyModels.NEOX, device);
    MaskedModel masked = new MaskedModel(model, task(), SETTINGS);
    Effects<PatchSite> nodes = exact(model, SETTINGS);
    for (int item = 0; item < nodes.items().size(); item++) {
      CircuitNode node = nodes.items().get(item).node();
      double[] without =
          masked.metric(
              masked.graph().edges().stream()
                  .filter(edge -> edge.sender().equals(node))
                  .collect(Collectors.toSet()));
      double[] clean = masked.baseline().cleanArray();
      double[] effects =
          IntStream.range(0, clean.length).mapToDouble(i -> without[i] - clean[i]).toArray();
      assertArrayEquals(nodes.byExample(item), effects, 1e-4, node.name());
    }
  }

  @Test
  void batchesAndThreadsDoNotChangeABit() {
    CircuitSettings small = SETTINGS.withMaxTokens(7);
    try (Device one = CpuDevice.vector(1);
        Device three = CpuDevice.vector(3)) {
      Transformer model = TinyModels.frozen(TinyModels.GPT2, one);
      Transformer other = TinyModels.frozen(TinyModels.GPT2, three);
      assertClose(exact(model, SETTINGS), exact(other, small), 0);
      assertClose(
          estimated(model, SETTINGS, new Attribution.Gradient()),
          estimated(other, small, new Attribution.Gradient()),
          0);
      assertClose(
          new EdgePatching(model, task(), SETTINGS, _ -> {}).effects(),
          new EdgePatching(other, task(), small, _ -> {}).effects(),
          0);
      assertClose(
          new EdgeAttribution(model, task(), SETTINGS, _ -> {})
              .effects(integrated(2, IntegrationPath.INPUTS)),
          new EdgeAttribution(other, task(), small, _ -> {})
              .effects(integrated(2, IntegrationPath.INPUTS)),
          0);
    }
  }

  @Test
  void whatCannotBeIsRefused() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    CircuitSettings divergence = SETTINGS.withMetric(TaskMetric.KL_DIVERGENCE);

    assertEquals(
        "metric: the gradient of the KL divergence is zero at the clean run; use integrated"
            + " gradients or the other direction",
        Refusal.of(
            IllegalArgumentException.class,
            () -> estimated(model, divergence, new Attribution.Gradient())));
    assertEquals(
        "max_tokens: is 5; a prompt of test has 6 tokens, max_tokens must be at least that",
        Refusal.of(IllegalArgumentException.class, () -> exact(model, SETTINGS.withMaxTokens(5))));
    assertEquals(
        "task test: its prompts have 5 to 6 tokens; effects by position need prompts of one length",
        Refusal.of(
            IllegalArgumentException.class,
            () -> PatchSite.byPosition(List.of(new CircuitNode.Embedding()), task())));
    assertEquals(
        "steps: is 0; it must be at least 1",
        Refusal.of(IllegalArgumentException.class, () -> integrated(0, IntegrationPath.INPUTS)));
    assertTrue(
        Refusal.of(
                IllegalArgumentException.class,
                () -> EdgeGraph.of(TinyModels.frozen(TinyModels.GEMMA2, device)))
            .startsWith("edges: gemma2 has a norm behind its layers"));
  }
}
