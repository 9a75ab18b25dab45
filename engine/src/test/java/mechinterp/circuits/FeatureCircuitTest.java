package mechinterp.circuits;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.analysis.steering.ErrorTerm;
import mechinterp.analysis.steering.Intervention;
import mechinterp.analysis.steering.LatentChange;
import mechinterp.analysis.steering.Positions;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.kernel.RowNorm;
import mechinterp.model.Edit;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.random.RandomStream;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Latents and errors against exact interventions, and against each other. */
final class FeatureCircuitTest {
  private static final int LATENTS = 23;
  private static final FeatureSettings SETTINGS = FeatureSettings.defaults();

  /** The second prompt begins with a special token, which is all error. */
  private static final CircuitTask TASK =
      new CircuitTask(
          "test",
          List.of(
              new CircuitExample(List.of(5, 12, 7, 9), List.of(5, 9, 7, 1), 5, 7),
              new CircuitExample(List.of(2, 8, 1, 14), List.of(2, 11, 8, 14), 8, 13),
              new CircuitExample(List.of(6, 10, 14, 1), List.of(9, 10, 1, 1), 14, 2)));

  private final Device device = CpuDevice.scalar();

  static List<TransformerConfig> recipes() {
    return List.of(TinyModels.GPT2, TinyModels.NEOX, TinyModels.LLAMA, TinyModels.GEMMA2);
  }

  private static Sae sae(Device device, SaeConfig config, String name) {
    Sae random = Sae.allocate(device, config);
    fill(random, name);
    return random;
  }

  /** Sets weights by chance. */
  static void fill(Sae sae, String name) {
    sae.parameters()
        .forEach(each -> {
          float[] values = new float[(int) each.value().size()];
          RandomStream.of(4, name + each.name()).fillGaussian(values, 0, 0.4);
          sae.device().upload(each.value(), values, 0);
        });
    sae.weightsChanged();
  }

  private static FeatureSite topK(Transformer model, HookPoint hook) {
    return new FeatureSite(
        hook, sae(model.device(), new TopKConfig(model.width(hook), LATENTS, 5), hook.toString()));
  }

  private static FeatureModel everywhere(Transformer model) {
    List<HookPoint> hooks =
        List.of(
            HookPoint.residPost(1),
            HookPoint.residPost(0),
            HookPoint.mlpOut(0),
            HookPoint.attnOut(1),
            HookPoint.outside("hook_embed"));
    return new FeatureModel(model, hooks.stream().map(hook -> topK(model, hook)).toList());
  }

  private static FeatureModel ofKinds(Transformer model) {
    int width = model.config().dModel();
    SaeConfig first = new TopKConfig(width, LATENTS, 4);
    SaeConfig gated = new GatedConfig(width, LATENTS, Optional.empty());
    SaeConfig standard = new StandardConfig(width, LATENTS, Optional.empty());
    return new FeatureModel(
        model,
        List.of(
            new FeatureSite(HookPoint.residPre(0), sae(model.device(), first, "first")),
            new FeatureSite(HookPoint.mlpOut(0), sae(model.device(), gated, "gated")),
            new FeatureSite(HookPoint.residPost(1), sae(model.device(), standard, "standard"))));
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

  private Effects<FeatureNode> exact(FeatureModel model, FeatureSettings settings) {
    return new FeaturePatching(model, TASK, settings, _ -> {}).effects();
  }

  private static FeatureAttribution attribution(FeatureModel model, FeatureSettings settings) {
    return new FeatureAttribution(model, TASK, settings, _ -> {});
  }

  private static Attribution integrated(int steps) {
    return new Attribution.IntegratedGradients(steps, IntegrationPath.ACTIVATIONS);
  }

  @ParameterizedTest
  @EnumSource
  void everyEstimateOfALinearModelIsExact(Replacement replacement) {
    FeatureModel model = everywhere(HandMadeModel.linear(device));
    for (boolean byPosition : new boolean[] {false, true}) {
      FeatureSettings settings = SETTINGS.withReplacement(replacement).withByPosition(byPosition);
      Effects<FeatureNode> exact = exact(model, settings);
      FeatureAttribution attribution = attribution(model, settings);

      assertTrue(exact.items().size() > 40, "nodes " + exact.items().size());
      assertTrue(Math.abs(exact.mean(exact.ranking().getFirst())) > 0.1);
      assertClose(exact, attribution.effects(new Attribution.Gradient()), 1e-5);
      assertClose(exact, attribution.effects(integrated(3)), 1e-5);
    }
  }

  @Test
  void denoisingAndInputsOfALinearModelAreExactToo() {
    FeatureModel model = everywhere(HandMadeModel.linear(device));
    FeatureSettings settings =
        SETTINGS.withRuns(CircuitSettings.defaults().withDirection(PatchDirection.DENOISING));
    FeatureAttribution attribution = attribution(model, settings);

    assertClose(exact(model, settings), attribution.effects(new Attribution.Gradient()), 1e-5);
    assertClose(
        exact(model, settings),
        attribution.effects(new Attribution.IntegratedGradients(2, IntegrationPath.INPUTS)),
        1e-5);
  }

  private static double metric(Transformer model, CircuitExample example, Map<HookPoint, Edit> e) {
    TokenBatch batch = TokenBatch.ofIds(List.of(example.cleanIds()));
    FloatMatrix output = model.run(batch, Set.of(), e).output();
    float[] logits = model.device().toHost(model.logits(output.row(example.tokens() - 1)));
    return (double) logits[example.answer()] - logits[example.wrong()];
  }

  /** The interventions of mechinterp.analysis.steering are a second way to take a latent away. */
  @ParameterizedTest
  @MethodSource("recipes")
  void zerosAreAblations(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    FeatureModel features = everywhere(model);
    FeatureSettings settings = SETTINGS.withReplacement(Replacement.ZERO).withByPosition(true);
    Effects<FeatureNode> exact = exact(features, settings);
    int compared = 0;
    for (int item = 0; item < exact.items().size(); item += 7) {
      FeatureNode node = exact.items().get(item);
      if (node.isError()) {
        continue;
      }
      Sae sae =
          features.sites().stream()
              .filter(site -> site.hook().equals(node.hook()))
              .findFirst()
              .orElseThrow()
              .sae();
      Intervention ablation =
          Intervention.of(model)
              .splice(node.hook(), sae, ErrorTerm.KEPT)
              .change(
                  node.hook(),
                  new LatentChange.Ablate(node.latent().orElseThrow()),
                  new Positions.Listed(Set.of(node.position().orElseThrow())));
      for (int e = 0; e < TASK.examples().size(); e++) {
        CircuitExample example = TASK.examples().get(e);
        double effect = metric(model, example, ablation.edits()) - metric(model, example, Map.of());
        assertEquals(effect, exact.byExample(item)[e], 2e-5, node.name());
        compared++;
      }
    }
    assertTrue(compared > 20, "compared " + compared);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void integratedGradientsAddUpAtEverySite(TransformerConfig config) {
    FeatureModel model = everywhere(TinyModels.frozen(config, device));
    FeatureAttribution attribution = attribution(model, SETTINGS);
    Effects<FeatureNode> few = attribution.effects(integrated(3));
    Effects<FeatureNode> many = attribution.effects(integrated(60));

    assertTrue(attribution.completenessError(many) < 0.01);
    assertTrue(attribution.completenessError(many) < attribution.completenessError(few));
    Baseline baseline = attribution.baseline();
    double last =
        IntStream.range(0, many.items().size())
            .filter(item -> many.items().get(item).hook().equals(HookPoint.residPost(1)))
            .mapToDouble(many::mean)
            .sum();
    double change = baseline.corruptMean() - baseline.cleanMean();
    assertEquals(change, last, 0.01 * Math.abs(change) + 1e-4);
  }

  /** What a node does it does along its edges, whatever is between. */
  @ParameterizedTest
  @MethodSource("recipes")
  void theEdgesOfANodeSumToItsEffect(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    for (FeatureModel features : List.of(everywhere(model), ofKinds(model))) {
      for (boolean byPosition : new boolean[] {false, true}) {
        FeatureAttribution attribution = attribution(features, SETTINGS.withByPosition(byPosition));
        Effects<FeatureNode> nodes = attribution.effects(new Attribution.Gradient());
        Effects<FeatureEdge> edges =
            attribution.edges(nodes, new Attribution.Gradient(), new FeatureThresholds(0, 0));
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
  }

  /** The way through the feed-forward layer belongs to the latents there. */
  @Test
  void anEdgeIsTheDerivativeWithWhatIsBetweenHeldFast() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    HookPoint from = HookPoint.residPre(0);
    HookPoint between = HookPoint.mlpOut(0);
    HookPoint to = HookPoint.residPost(0);
    FeatureModel features =
        new FeatureModel(model, List.of(topK(model, from), topK(model, between), topK(model, to)));
    CircuitTask one = TASK.first(1);
    FeatureSettings zero = SETTINGS.withReplacement(Replacement.ZERO);
    FeatureAttribution attribution = new FeatureAttribution(features, one, zero, _ -> {});
    Effects<FeatureNode> nodes = attribution.effects(new Attribution.Gradient());
    Effects<FeatureEdge> edges =
        attribution.edges(nodes, new Attribution.Gradient(), new FeatureThresholds(0, 0));
    TokenBatch batch = TokenBatch.ofIds(List.of(one.examples().getFirst().cleanIds()));
    FloatMatrix held = model.capture(batch, Set.of(between), Map.of()).at(between);
    int compared = 0;
    for (int item = 0; item < edges.items().size() && compared < 12; item++) {
      FeatureEdge edge = edges.items().get(item);
      Optional<FeatureNode> end = edge.receiver();
      boolean isOne =
          edge.sender().hook().equals(from)
              && !edge.sender().isError()
              && end.isPresent()
              && end.get().hook().equals(to)
              && !end.get().isError();
      if (isOne && Math.abs(edges.mean(item)) > 1e-3) {
        double step = 1e-2;
        double rise =
            weighted(features, one, held, edge, step) - weighted(features, one, held, edge, -step);
        assertEquals(rise / (2 * step), edges.mean(item), 2e-3, edge.name());
        compared++;
      }
    }
    assertTrue(compared > 3, "compared " + compared);
  }

  /** Returns the receiver's latent times its gradient, when the sender goes towards 0 by a part. */
  private double weighted(
      FeatureModel features, CircuitTask one, FloatMatrix held, FeatureEdge edge, double part) {
    Transformer model = features.model();
    FeatureSite from = features.sites().get(0);
    FeatureSite to = features.sites().get(2);
    ExampleBatch batch = ExampleBatch.clean(one, List.of(0));
    FloatMatrix g;
    try (GradientRun run = model.runForGradients(batch.tokens())) {
      MetricReader reader = new MetricReader(model, one, TaskMetric.LOGIT_DIFFERENCE);
      g =
          run.backward(reader.gradient(batch, run.output()), Set.of(to.hook()), Map.of())
              .at(to.hook());
    }
    int sent = edge.sender().latent().orElseThrow();
    Edit move =
        (x, _) -> {
          TokenCodes codes = codes(from.sae(), x).only((_, latent) -> latent == sent);
          FloatMatrix latent = device.floats(x.rows(), x.cols());
          SiteValues.add(latent, from.sae(), codes);
          device.kernels().addScaled(x, latent, (float) -part);
        };
    Map<HookPoint, Edit> edits =
        Map.of(
            from.hook(),
            move,
            features.sites().get(1).hook(),
            (x, _) -> device.kernels().copy(x, held));
    FloatMatrix x = model.capture(batch.tokens(), Set.of(to.hook()), edits).at(to.hook());
    int received = edge.receiver().orElseThrow().latent().orElseThrow();
    TokenCodes codes = codes(to.sae(), x).only((_, latent) -> latent == received);
    double sum = 0;
    float[] decoder = device.toHost(to.sae().weights().wDec().row(received));
    for (int t = 0; t < codes.rows(); t++) {
      float[] row = device.toHost(g.row(t));
      double dot = IntStream.range(0, row.length).mapToDouble(j -> row[j] * decoder[j]).sum();
      sum += codes.end(t) > codes.start(t) ? dot * codes.value(codes.start(t)) : 0;
    }
    return sum;
  }

  private TokenCodes codes(Sae sae, FloatMatrix x) {
    SparseCodes found = sae.newCodes(x.rows());
    sae.encode(found, x);
    int[] counts = device.toHost(found.counts());
    int[] indices = device.toHost(found.indices());
    float[] values = device.toHost(found.values());
    TokenCodes.Builder codes = new TokenCodes.Builder(sae.dSae());
    for (int row = 0; row < counts.length; row++) {
      for (int i = row * found.capacity(); i < row * found.capacity() + counts[row]; i++) {
        codes.add(indices[i], values[i]);
      }
      codes.endRow();
    }
    return codes.build();
  }

  @Test
  void thresholdsLeaveOutWhatIsSmall() {
    FeatureModel model = everywhere(TinyModels.frozen(TinyModels.GPT2, device));
    FeatureAttribution attribution = attribution(model, SETTINGS);
    Effects<FeatureNode> nodes = attribution.effects(integrated(4));
    Effects<FeatureEdge> all = attribution.edges(nodes, integrated(4), new FeatureThresholds(0, 0));
    double least = Math.abs(nodes.mean(nodes.ranking().get(nodes.items().size() / 3)));
    double leastEdge = Math.abs(all.mean(all.ranking().get(all.items().size() / 3)));
    Effects<FeatureEdge> some =
        attribution.edges(nodes, integrated(4), new FeatureThresholds(least, leastEdge));
    Map<FeatureNode, Double> sizes = new HashMap<>();
    for (int item = 0; item < nodes.items().size(); item++) {
      sizes.put(nodes.items().get(item), Math.abs(nodes.mean(item)));
    }
    List<FeatureEdge> wanted = new ArrayList<>();
    for (int item = 0; item < all.items().size(); item++) {
      FeatureEdge edge = all.items().get(item);
      double ends =
          Math.min(
              sizes.getOrDefault(edge.sender(), 0.0),
              edge.receiver().map(node -> sizes.getOrDefault(node, 0.0)).orElse(1.0));
      if (ends >= least && Math.abs(all.mean(item)) >= leastEdge) {
        wanted.add(edge);
      }
    }
    assertTrue(!wanted.isEmpty() && wanted.size() < all.items().size() / 2);
    assertEquals(new HashSet<>(wanted), new HashSet<>(some.items()));
  }

  @ParameterizedTest
  @EnumSource
  void withOneAutoencoderToTakeANodeAwayIsToPatchIt(Replacement replacement) {
    Transformer model = TinyModels.frozen(TinyModels.LLAMA, device);
    FeatureModel features = new FeatureModel(model, List.of(topK(model, HookPoint.residPost(0))));
    FeatureSettings settings = SETTINGS.withReplacement(replacement).withByPosition(true);
    PartialFeatures partial = new PartialFeatures(features, TASK, settings);
    Effects<FeatureNode> exact = exact(features, settings);
    double[] clean = partial.whole();

    assertEquals(exact.items(), partial.nodes());
    assertArrayEquals(clean, partial.metric(Set.of()), 2e-5);
    for (int item = 0; item < exact.items().size(); item += 3) {
      double[] without = partial.metric(Set.of(exact.items().get(item)));
      double[] effects =
          IntStream.range(0, clean.length).mapToDouble(i -> without[i] - clean[i]).toArray();
      assertArrayEquals(exact.byExample(item), effects, 2e-5, exact.items().get(item).name());
    }
  }

  @Test
  void withoutAnyNodeOfTheStreamItIsTheCorruptedRun() {
    FeatureModel features = everywhere(TinyModels.frozen(TinyModels.NEOX, device));
    PartialFeatures partial = new PartialFeatures(features, TASK, SETTINGS);
    FeatureAttribution attribution = attribution(features, SETTINGS);

    assertArrayEquals(attribution.baseline().corruptArray(), partial.nothing(), 2e-5);
    CircuitFidelity.Curve curve =
        new CircuitFidelity<>(partial, 2, 0).of(exact(features, SETTINGS), _ -> {});
    assertEquals(0, curve.points().getFirst().faithfulness(), 1e-4);
    assertEquals(1, curve.points().getLast().faithfulness(), 1e-4);
    assertEquals(0, curve.points().getLast().completeness(), 1e-4);
    assertEquals(partial.nodes().size(), curve.points().getLast().size());
  }

  /** Its latents count with the scale of their token. */
  @Test
  void anAutoencoderThatNormalisesIsTakenApartToo() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    Sae inner = sae(device, new TopKConfig(model.config().dModel(), LATENTS, 5), "inner");
    FeatureModel features =
        new FeatureModel(
            model,
            List.of(
                new FeatureSite(
                    HookPoint.residPost(0), NormalizedSae.of(inner, RowNorm.LAYER_NORM))));
    FeatureAttribution attribution = attribution(features, SETTINGS);

    assertTrue(attribution.completenessError(attribution.effects(integrated(60))) < 0.01);
    FeatureSettings zero = SETTINGS.withReplacement(Replacement.ZERO).withByPosition(true);
    Effects<FeatureNode> exact = exact(features, zero);
    FeatureNode node = exact.items().getFirst();
    Intervention ablation =
        Intervention.of(model)
            .splice(node.hook(), features.sites().getFirst().sae(), ErrorTerm.KEPT)
            .change(
                node.hook(),
                new LatentChange.Ablate(node.latent().orElseThrow()),
                new Positions.Listed(Set.of(node.position().orElseThrow())));
    for (int e = 0; e < TASK.examples().size(); e++) {
      CircuitExample example = TASK.examples().get(e);
      assertEquals(
          metric(model, example, ablation.edits()) - metric(model, example, Map.of()),
          exact.byExample(0)[e],
          2e-5);
    }
  }

  @Test
  void batchesAndThreadsDoNotChangeABit() {
    FeatureSettings small = SETTINGS.withRuns(CircuitSettings.defaults().withMaxTokens(5));
    try (Device one = CpuDevice.vector(1);
        Device three = CpuDevice.vector(3)) {
      FeatureModel model = everywhere(TinyModels.frozen(TinyModels.GPT2, one));
      FeatureModel other = everywhere(TinyModels.frozen(TinyModels.GPT2, three));
      assertClose(exact(model, SETTINGS), exact(other, small), 0);
      assertClose(
          attribution(model, SETTINGS).effects(integrated(2)),
          attribution(other, small).effects(integrated(2)),
          0);
    }
  }

  @Test
  void namesSayWhatAndWhere() {
    FeatureNode latent = FeatureNode.latent(HookPoint.mlpOut(3), 7);
    FeatureNode error = FeatureNode.error(HookPoint.residPost(0)).at(2);

    assertEquals("blocks.3.hook_mlp_out/latent 7", latent.name());
    assertEquals("blocks.0.hook_resid_post/error@2", error.name());
    assertEquals(
        "blocks.0.hook_resid_post/error@2->blocks.3.hook_mlp_out/latent 7",
        new FeatureEdge(error, Optional.of(latent)).name());
    assertEquals(
        "blocks.3.hook_mlp_out/latent 7->logits", new FeatureEdge(latent, Optional.empty()).name());
    assertEquals(OptionalInt.of(7), latent.latent());
  }

  @Test
  void whatCannotBeIsRefused() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    FeatureSite site = topK(model, HookPoint.residPost(0));
    assertRefused("features: there is no autoencoder", () -> new FeatureModel(model, List.of()));
    assertRefused(
        "features: blocks.0.hook_resid_post has two autoencoders; there can be one",
        () -> new FeatureModel(model, List.of(site, site)));
    assertRefused(
        "features: blocks.0.hook_mlp_out is 10 wide, the autoencoder's d_in is 9",
        () ->
            new FeatureModel(
                model, List.of(of(HookPoint.mlpOut(0), new TopKConfig(9, LATENTS, 2)))));
    assertRefused(
        "makes something else than it encodes",
        () ->
            new FeatureModel(
                model,
                List.of(
                    of(
                        HookPoint.mlpOut(0),
                        new TranscoderConfig(10, 10, LATENTS, 3, KScope.TOKEN, false)))));
    assertRefused(
        "direction: is denoising",
        () ->
            SETTINGS
                .withReplacement(Replacement.MEAN)
                .withRuns(CircuitSettings.defaults().withDirection(PatchDirection.DENOISING)));
    assertRefused("node_threshold: is -0.1", () -> new FeatureThresholds(-0.1, 0));
    FeatureModel pursuit =
        new FeatureModel(
            model,
            List.of(
                site,
                of(
                    HookPoint.residPost(1),
                    new MatchingPursuitConfig(10, LATENTS, 0.01, Optional.of(4), true))));
    FeatureAttribution attribution = attribution(pursuit, SETTINGS);
    Effects<FeatureNode> nodes = attribution.effects(new Attribution.Gradient());
    assertRefused(
        "edges: the autoencoder at blocks.1.hook_resid_post finds its codes by a pursuit",
        () -> attribution.edges(nodes, new Attribution.Gradient(), FeatureThresholds.defaults()));
    assertRefused(
        "features: dropped gradients and exact softmax are for parts of the model",
        () -> attribution.effects(new Attribution.ExactSoftmax()));
    assertRefused(
        "path: is inputs",
        () ->
            attribution(pursuit, SETTINGS.withReplacement(Replacement.ZERO))
                .effects(new Attribution.IntegratedGradients(2, IntegrationPath.INPUTS)));
  }

  private FeatureSite of(HookPoint hook, SaeConfig config) {
    return new FeatureSite(hook, sae(device, config, "other"));
  }

  private static void assertRefused(String message, Executable what) {
    String found = Refusal.of(IllegalArgumentException.class, what);
    assertTrue(found.contains(message), found);
  }
}
