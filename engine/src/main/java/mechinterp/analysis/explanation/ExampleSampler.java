package mechinterp.analysis.explanation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.analysis.ActivationInterval;
import mechinterp.analysis.FeatureAnalysisConfig;
import mechinterp.analysis.FeatureContext;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.LatentPeak;
import mechinterp.analysis.Peak;
import mechinterp.random.RandomStream;
import mechinterp.tokenizer.SpecialTokens;
import mechinterp.tokenizer.TokenDecoder;
import mechinterp.tokenizer.Tokenizer;

/**
 * Chooses what a judge sees of latents: their strongest contexts for the explanation; for the
 * scores uniform samples of each interval of the activation in turn, none of which overlaps another
 * context, and random contexts in which the latent is active nowhere, of places that all latents
 * share.
 */
public final class ExampleSampler {
  private static final int RANDOM_PLACES = 512;

  /** Of a latent that is active in three quarters of the contexts there are still enough. */
  private static final int CANDIDATES = 4;

  private static final Comparator<Peak> STRONGEST_FIRST =
      Comparator.comparing(Peak::activation).reversed().thenComparing(Peak::row);

  private final FeatureReport report;
  private final Tokenizer tokenizer;
  private final ExplanationConfig config;
  private final int longest;

  /**
   * Chooses from a report.
   *
   * @param report of an analysis with {@link ExplanationConfig#analysis}
   */
  public ExampleSampler(FeatureReport report, Tokenizer tokenizer, ExplanationConfig config) {
    this.report = report;
    this.tokenizer = tokenizer;
    this.config = config;
    FeatureAnalysisConfig analysis = config.analysis();
    this.longest = analysis.tokensBefore() + 1 + analysis.tokensAfter();
  }

  /** The places of a latent's contexts. */
  private record Places(int latent, List<Peak> shown, List<Peak> active, List<Peak> random) {
    List<LatentPeak> all() {
      List<LatentPeak> all = new ArrayList<>();
      List.of(shown, active, random)
          .forEach(some -> some.forEach(peak -> all.add(new LatentPeak(latent, peak))));
      return all;
    }
  }

  /**
   * Returns the examples of latents; a latent that is never active has none. Rows that several need
   * are encoded once.
   *
   * @throws IllegalArgumentException when there is no such latent
   */
  public List<LatentExamples> of(List<Integer> latents) {
    List<Places> places = latents.stream().map(this::places).toList();
    List<FeatureContext> contexts =
        report.contexts(places.stream().flatMap(each -> each.all().stream()).toList());
    List<LatentExamples> examples = new ArrayList<>();
    int from = 0;
    for (Places each : places) {
      int to = from + each.all().size();
      examples.add(examples(each, contexts.subList(from, to).stream().map(this::excerpt).toList()));
      from = to;
    }
    return examples;
  }

  private LatentExamples examples(Places places, List<Excerpt> excerpts) {
    int shown = places.shown().size();
    int active = shown + places.active().size();
    return new LatentExamples(
        places.latent(),
        report.profile(places.latent()).maxActivation(),
        excerpts.subList(0, shown),
        excerpts.subList(shown, active),
        excerpts.subList(active, excerpts.size()).stream()
            .filter(excerpt -> excerpt.max() == 0)
            .limit(config.tested())
            .toList());
  }

  private Places places(int latent) {
    List<Peak> shown = report.peaks(latent).stream().limit(config.shown()).toList();
    if (shown.isEmpty()) {
      return new Places(latent, List.of(), List.of(), List.of());
    }
    List<Peak> taken = new ArrayList<>(shown);
    List<Peak> active = new ArrayList<>();
    for (Peak peak : inTurn(report.intervals(latent), latent)) {
      if (active.size() < config.tested() && isFree(peak, taken)) {
        taken.add(peak);
        active.add(peak);
      }
    }
    active.sort(STRONGEST_FIRST);
    return new Places(latent, shown, active, random(latent, taken));
  }

  /** One sample of each interval, then another of each, and so on, in a random order. */
  private List<Peak> inTurn(List<ActivationInterval> intervals, int latent) {
    RandomStream order = RandomStream.of(config.seed(), "explanation/samples " + latent);
    List<List<Peak>> shuffled =
        intervals.stream()
            .map(each ->
                each.samples().stream()
                    .sorted(Comparator.comparingLong(peak -> order.bits(peak.row())))
                    .toList())
            .toList();
    int most = shuffled.stream().mapToInt(List::size).max().orElse(0);
    return IntStream.range(0, most)
        .boxed()
        .flatMap(i -> shuffled.stream().filter(each -> i < each.size()).map(each -> each.get(i)))
        .toList();
  }

  private boolean isFree(Peak peak, List<Peak> taken) {
    return taken.stream().allMatch(other -> Math.abs((long) other.row() - peak.row()) >= longest);
  }

  private List<Peak> random(int latent, List<Peak> taken) {
    RandomStream places = RandomStream.of(config.seed(), "explanation/places");
    int[] order =
        RandomStream.of(config.seed(), "explanation/latent " + latent).permutation(RANDOM_PLACES);
    List<Peak> found = new ArrayList<>();
    for (int i = 0; i < RANDOM_PLACES && found.size() < CANDIDATES * config.tested(); i++) {
      Peak place = report.place(places.below(order[i], report.tokens()));
      if (isFree(place, taken)) {
        taken.add(place);
        found.add(place);
      }
    }
    return found;
  }

  private Excerpt excerpt(FeatureContext context) {
    TokenDecoder decoder = tokenizer.decoder(SpecialTokens.KEEP);
    return new Excerpt(
        context.tokens().stream().map(token -> decoder.add(token.id())).toList(),
        context.tokens().stream().map(FeatureContext.ContextToken::activation).toList());
  }
}
