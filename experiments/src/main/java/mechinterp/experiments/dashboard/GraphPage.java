package mechinterp.experiments.dashboard;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureAnalysisConfig;
import mechinterp.analysis.FeatureReport;
import mechinterp.circuits.graph.GraphFile;
import mechinterp.circuits.graph.GraphNode;
import mechinterp.circuits.graph.PrunedGraph;
import mechinterp.circuits.graph.TranscoderSet;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.run.FeatureCards;
import mechinterp.experiments.run.Harvesting;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;

/**
 * A folder with the page of an attribution graph: nodes by layer and position, edges to follow,
 * supernodes, and where latents are active.
 */
public final class GraphPage {
  private static final int LONGEST_CONTEXT = 256;

  /** The most memory that activations of several layers take together. */
  private static final long MOST_BYTES = 512L << 20;

  private static final FeatureAnalysisConfig SHOWN =
      FeatureAnalysisConfig.defaults().withTopContexts(8).withIntervals(3, 1);

  private final GraphFile file;
  private final Transformer model;
  private final List<TranscoderSet.Member> members;

  /**
   * Makes the page of a graph.
   *
   * @param members transcoders of single layers, whose latents are shown in contexts
   */
  public GraphPage(GraphFile file, Transformer model, List<TranscoderSet.Member> members) {
    this.file = file;
    this.model = model;
    this.members = List.copyOf(members);
  }

  /**
   * What a latent is about.
   *
   * @param top the tokens on which its top contexts peak
   * @param promoted the tokens that its decoder row makes more likely
   * @param suppressed the tokens that it makes less likely
   * @param density share of the tokens on which it is active
   * @param max its largest activation
   * @param groups contexts, the strongest first
   */
  record About(
      List<FeatureCard.TokenCount> top,
      List<String> promoted,
      List<String> suppressed,
      double density,
      double max,
      List<LatentPage.Group> groups) {}

  /**
   * Writes the folder, which appears whole or not at all.
   *
   * @param text a document a line; without it the page has no contexts
   * @param tokens the most tokens of the text
   * @throws IOException when the text cannot be read, the disk refuses, or the folder holds
   *     something
   */
  public void write(Path folder, Optional<Path> text, int tokens, Progress.Display display)
      throws IOException {
    Map<String, About> about = new LinkedHashMap<>();
    if (text.isPresent()) {
      for (List<Wanted> group : groups(tokens)) {
        put(about, group, text.get(), tokens, display);
      }
    }
    AtomicFolder.write(
        folder,
        inside -> {
          Files.write(inside.resolve("index.html"), Dashboard.resource("graph.html"));
          Files.write(inside.resolve("graph.js"), Dashboard.resource("graph.js"));
          Files.write(inside.resolve("graph.css"), Dashboard.resource("graph.css"));
          try (BufferedWriter script = Files.newBufferedWriter(inside.resolve("data.js"))) {
            script.write("graph.data(");
            script.write(Json.compact(file.fields(model.config().nLayers())));
            script.write(", ");
            script.write(Json.compact(about));
            script.write(");\n");
          }
        });
  }

  /**
   * A transcoder some of whose latents are in the graph.
   *
   * @param layer of its latents
   * @param latents those in the graph, rising
   */
  private record Wanted(TranscoderSet.Member member, int layer, List<Integer> latents) {
    List<HookPoint> hooks() {
      return List.of(member.input(), member.output());
    }

    long bytesPerToken() {
      return (long) Float.BYTES * (member.sae().dIn() + member.sae().dOut());
    }
  }

  private Optional<Wanted> wanted(TranscoderSet.Member member) {
    int layer = member.output().layer().orElseThrow();
    TreeSet<Integer> latents = new TreeSet<>();
    for (PrunedGraph.Node node : file.graph().nodes()) {
      if (node.node() instanceof GraphNode.Latent latent && latent.layer() == layer) {
        latents.add(latent.latent());
      }
    }
    return latents.isEmpty()
        ? Optional.empty()
        : Optional.of(new Wanted(member, layer, List.copyOf(latents)));
  }

  /** Returns what is harvested in one run of the model over the text, bounded in memory. */
  private List<List<Wanted>> groups(int tokens) {
    List<List<Wanted>> groups = new ArrayList<>();
    long most = Math.min(MOST_BYTES, freeHeap() / 2);
    long bytes = 0;
    for (TranscoderSet.Member member : members) {
      Optional<Wanted> wanted = wanted(member);
      if (wanted.isEmpty()) {
        continue;
      }
      long more = wanted.get().bytesPerToken() * tokens;
      if (groups.isEmpty() || bytes + more > most) {
        groups.add(new ArrayList<>());
        bytes = 0;
      }
      groups.getLast().add(wanted.get());
      bytes += more;
    }
    return groups;
  }

  private static long freeHeap() {
    // Garbage counts as used until it is collected.
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
  }

  private void put(
      Map<String, About> about, List<Wanted> group, Path text, int tokens, Progress.Display display)
      throws IOException {
    int context = Math.min(LONGEST_CONTEXT, model.config().nCtx());
    Harvester harvester =
        Harvester.of(model, group.stream().flatMap(each -> each.hooks().stream()).toList())
            .with(HarvestConfig.ofContext(context));
    try (ActivationStore store =
        Harvesting.run(
            harvester, tokens, ready -> ready.collect(Corpus.text(text), tokens), display)) {
      for (Wanted wanted : group) {
        put(about, wanted, store);
      }
    }
  }

  private void put(Map<String, About> about, Wanted wanted, ActivationStore store)
      throws IOException {
    List<String> hooks = wanted.hooks().stream().map(HookPoint::toString).toList();
    TranscoderSet.Member member = wanted.member();
    FeatureReport report =
        FeatureAnalysis.of(model, member.input(), member.sae()).with(SHOWN).over(store.at(hooks));
    FeatureCards cards = new FeatureCards(report, model, number -> "document " + number);
    cards
        .of(wanted.latents())
        .forEach(card -> about.put("%d_%d".formatted(wanted.layer(), card.latent()), about(card)));
  }

  private static About about(FeatureCard card) {
    List<LatentPage.Group> groups = new ArrayList<>();
    groups.add(group("strongest", card.contexts()));
    card.intervals().stream()
        .skip(1)
        .forEach(interval -> groups.add(group("weaker", interval.contexts())));
    return new About(
        card.topTokens(),
        card.promoted(),
        card.suppressed(),
        LatentPage.rounded(card.density()),
        LatentPage.rounded(card.maxActivation()),
        groups);
  }

  private static LatentPage.Group group(String title, List<FeatureCard.Context> contexts) {
    return new LatentPage.Group(title, contexts.stream().map(LatentPage.Context::of).toList());
  }
}
