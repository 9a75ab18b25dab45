package mechinterp.experiments.dashboard;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mechinterp.analysis.layout.LatentMap;
import mechinterp.analysis.neuronpedia.NeuronpediaFolder;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Bin;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Example;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Explanation;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Histogram;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.TokenValue;
import mechinterp.experiments.report.FeatureCard;

/**
 * Pages of an export of Neuronpedia or SAEDashboard. What these files do not have is empty, and a
 * latent that they lack is shown as never active.
 */
public final class NeuronpediaPages implements LatentPages {
  private static final int MOST_ABOUT = 4;
  private static final int MOST_TOP = 8;

  private final NeuronpediaFolder folder;
  private final int latents;
  private int next;

  /**
   * Makes pages of a folder.
   *
   * @param latents how many it has
   */
  public NeuronpediaPages(NeuronpediaFolder folder, int latents) {
    this.folder = folder;
    this.latents = latents;
  }

  @Override
  public int latents() {
    return latents;
  }

  /** There is none, since the files have no decoder rows. */
  @Override
  public Optional<LatentMap> map() {
    return Optional.empty();
  }

  /**
   * Makes all pages, by latent.
   *
   * @throws IOException when a file cannot be read, or its latents are not in their order
   */
  @Override
  public void forEach(Target target, IntConsumer progress) throws IOException {
    next = 0;
    folder.forEach(latent -> {
      if (latent.index() < next) {
        throw new IOException(
            "latent %d comes after %d; batches must be in the order of their latents"
                .formatted(latent.index(), next - 1));
      }
      fill(target, latent.index());
      take(target, latent);
      progress.accept(next);
    });
  }

  private void fill(Target target, int end) {
    Histogram none = new Histogram(List.of(), List.of());
    while (next < end) {
      take(
          target,
          new NeuronpediaLatent(
              next, 0, 0, List.of(), List.of(), none, none, List.of(), List.of(), List.of()));
    }
  }

  private void take(Target target, NeuronpediaLatent latent) {
    List<FeatureCard.TokenCount> top = topTokens(latent);
    target.take(row(latent, top), page(latent, top));
    next++;
  }

  /** The tokens on which the strongest examples peak. */
  private static List<FeatureCard.TokenCount> topTokens(NeuronpediaLatent latent) {
    Map<String, Long> counts =
        latent.examples().stream()
            .filter(example -> example.bin().isStrongest())
            .collect(
                Collectors.groupingBy(
                    example -> visible(example.tokens().get(example.peak())),
                    LinkedHashMap::new,
                    Collectors.counting()));
    return counts.entrySet().stream()
        .map(entry -> new FeatureCard.TokenCount(entry.getKey(), entry.getValue()))
        .sorted(Comparator.comparingLong(FeatureCard.TokenCount::count).reversed())
        .limit(MOST_TOP)
        .toList();
  }

  private static String visible(String token) {
    return token.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥").replace("\r", "↵");
  }

  private static Overview.Row row(NeuronpediaLatent latent, List<FeatureCard.TokenCount> top) {
    List<String> about = top.stream().map(FeatureCard.TokenCount::token).toList();
    String explanation = explanation(latent).map(Explanation::text).orElse("");
    String search =
        Stream.of(about.stream(), texts(latent.promoted()).stream(), Stream.of(explanation))
            .flatMap(texts -> texts)
            .map(text -> text.toLowerCase(Locale.ROOT))
            .distinct()
            .collect(Collectors.joining(" "));
    return new Overview.Row(
        about.stream().limit(MOST_ABOUT).collect(Collectors.joining(" ")),
        latent.density(),
        latent.max(),
        0,
        0,
        latent.neighbours().isEmpty() ? 0 : latent.neighbours().getFirst().cosine(),
        0,
        0,
        explanation,
        0,
        search);
  }

  private static Optional<Explanation> explanation(NeuronpediaLatent latent) {
    return latent.explanations().stream().findFirst();
  }

  private static List<String> texts(List<TokenValue> tokens) {
    return tokens.stream().map(token -> visible(token.token())).toList();
  }

  private LatentPage page(NeuronpediaLatent latent, List<FeatureCard.TokenCount> top) {
    return new LatentPage(
        latent.index(),
        top,
        texts(latent.promoted()),
        texts(latent.suppressed()),
        latent.neighbours().stream()
            .filter(near -> near.index() < latents)
            .map(near -> new LatentPage.Near(near.index(), near.cosine()))
            .toList(),
        List.of(),
        List.of(),
        List.of(),
        latent.histogram().heights().stream().map(Math::round).toList(),
        range(latent.histogram()),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        explanation(latent).map(NeuronpediaPages::judged),
        List.of(),
        groups(latent));
  }

  private static LatentPage.Judged judged(Explanation explanation) {
    return new LatentPage.Judged(
        explanation.text(), Optional.empty(), Optional.empty(), Optional.empty(), 0);
  }

  private static String range(Histogram histogram) {
    return histogram.values().isEmpty()
        ? "never active"
        : String.format(
            Locale.ROOT,
            "%.2g to %.2g",
            histogram.values().getFirst(),
            histogram.values().getLast());
  }

  private static List<LatentPage.Group> groups(NeuronpediaLatent latent) {
    Map<Bin, List<LatentPage.Context>> groups = new LinkedHashMap<>();
    latent.examples().stream()
        .sorted(Comparator.comparing((Example example) -> !example.bin().isStrongest()))
        .forEach(example ->
            groups
                .computeIfAbsent(example.bin(), _ -> new ArrayList<>())
                .add(
                    new LatentPage.Context(
                        example.tokens(), example.values(), example.peak(), "")));
    return groups.isEmpty()
        ? List.of(new LatentPage.Group("strongest", List.of()))
        : groups.entrySet().stream()
            .map(group -> new LatentPage.Group(title(group.getKey()), group.getValue()))
            .toList();
  }

  private static String title(Bin bin) {
    return bin.isStrongest()
        ? "strongest"
        : String.format(
            Locale.ROOT,
            "%.3g to %.3g: %.3g %% of the activations",
            bin.min(),
            bin.max(),
            100 * bin.share());
  }
}
