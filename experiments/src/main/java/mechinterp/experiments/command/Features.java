package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureAnalysisConfig;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.rule.RuleAnalysis;
import mechinterp.analysis.rule.RuleKind;
import mechinterp.analysis.rule.RuleReport;
import mechinterp.analysis.rule.RuleSummary;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.report.RuleCard;
import mechinterp.experiments.run.AttributionCard;
import mechinterp.experiments.run.FeatureCards;
import mechinterp.experiments.run.RuleCards;
import mechinterp.experiments.run.SaeSource;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import mechinterp.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp features}. */
@Command(
    name = "features",
    description = "Show what latents are active on: top contexts, density, decoder neighbours.")
public final class Features implements Callable<Integer> {
  @Mixin private SaeOption sae;

  @Option(
      names = "--store",
      required = true,
      paramLabel = "STORE",
      description = "Folder that harvest wrote.")
  private Path storeFolder;

  @Option(
      names = "--latent",
      paramLabel = "N",
      split = ",",
      description = "Latents to show. Default: those whose contexts agree most.")
  private List<Integer> latents = List.of();

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "How many latents to show without --latent. Default: ${DEFAULT-VALUE}.")
  private int top = 10;

  @Option(
      names = "--contexts",
      paramLabel = "N",
      description = "Most contexts of a latent. Default: ${DEFAULT-VALUE}.")
  private int contexts = FeatureAnalysisConfig.defaults().topContexts();

  @Option(
      names = "--model",
      paramLabel = "M",
      description = "The model that made the store. Default: the one that the store names.")
  private Optional<String> model = Optional.empty();

  @Option(
      names = "--rules",
      description = {
        "Also find rules, tokens and n-grams on which latents fire, on half of the documents,",
        "and score them on the other half."
      })
  private boolean rules;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(
      int tokens,
      int latents,
      long dead,
      List<FeatureCard> features,
      Optional<RuleResults> rules,
      Optional<List<AttributionCard>> attributions) {}

  /**
   * How readable latents are by rules.
   *
   * @param tokens means over all latents, of rules of tokens
   * @param ngrams the same, of rules of n-grams
   * @param latents the rules of those that are shown
   */
  record RuleResults(RuleSummary tokens, RuleSummary ngrams, List<LatentRules> latents) {}

  /** The rules of a latent. */
  record LatentRules(int latent, List<RuleCard> rules) {}

  @Override
  public Integer call() throws IOException {
    if (top < 1) {
      throw new IllegalArgumentException("--top: is " + top + "; it must be at least 1");
    }
    FeatureAnalysisConfig config = FeatureAnalysisConfig.defaults().withTopContexts(contexts);
    try (Device device = deviceOptions.open();
        ActivationStore opened = ActivationStore.open(storeFolder)) {
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      ActivationStore store = SaeSource.fitting(loaded, opened);
      Transformer transformer = load(store.identity().orElseThrow(), device);
      HookPoint site = HookPoint.parse(store.sites().getFirst().hook());
      FeatureAnalysis analysis = FeatureAnalysis.of(transformer, site, loaded.sae()).with(config);
      FeatureReport report = analyse(analysis, store);
      FeatureCards cards = new FeatureCards(report, transformer, number -> "document " + number);
      List<FeatureCard> shown = latents.isEmpty() ? cards.best(top) : cards.of(latents);
      Result result =
          new Result(
              report.tokens(),
              report.latents(),
              report.density().dead(),
              shown,
              rules
                  ? Optional.of(rules(loaded.sae(), store, transformer, shown))
                  : Optional.empty(),
              attributions(report, transformer.tokenizer(), shown));
      output.print(result, describe(result));
    }
    return 0;
  }

  private Transformer load(ActivationIdentity identity, Device device) throws IOException {
    String name = model.orElseGet(() -> SaeSource.modelName(identity));
    Transformer loaded = Models.load(name, device);
    Tokenizer tokenizer = loaded.tokenizer();
    if (!tokenizer.identity().equals(identity.tokenizer())) {
      throw new IllegalArgumentException(
          "%s: tokenizer of %s is \"%s\"; the store's is \"%s\""
              .formatted(storeFolder, name, tokenizer.identity(), identity.tokenizer()));
    }
    return loaded;
  }

  private FeatureReport analyse(FeatureAnalysis analysis, ActivationStore store) {
    try (Progress progress = output.progress().start("features", store.tokens(), "tokens")) {
      progress.note("plan: " + analysis.plan().toString().replace("\n", "\n  "));
      return analysis.over(store, progress::update);
    }
  }

  private RuleResults rules(
      Sae autoencoder, ActivationStore store, Transformer transformer, List<FeatureCard> shown) {
    RuleAnalysis analysis = RuleAnalysis.of(autoencoder);
    RuleReport report;
    try (Progress progress = output.progress().start("rules", store.tokens(), "tokens")) {
      progress.note("plan: " + analysis.plan().toString().replace("\n", "\n  "));
      report = analysis.over(store, progress::update);
    }
    RuleCards cards = new RuleCards(report, transformer.tokenizer());
    return new RuleResults(
        report.summary(RuleKind.TOKENS, 1),
        report.summary(RuleKind.NGRAMS, 1),
        shown.stream()
            .map(card -> new LatentRules(card.latent(), cards.of(card.latent())))
            .toList());
  }

  private static Optional<List<AttributionCard>> attributions(
      FeatureReport report, Tokenizer tokenizer, List<FeatureCard> shown) {
    return report.hasAttributions()
        ? Optional.of(
            shown.stream()
                .map(card -> AttributionCard.of(report, tokenizer, card.latent()))
                .toList())
        : Optional.empty();
  }

  private static String describe(Result result) {
    String head =
        String.format(
            Locale.ROOT,
            "%,d latents on %,d tokens, %,d never active",
            result.latents(),
            result.tokens(),
            result.dead());
    String features =
        result.features().stream()
            .map(Features::describe)
            .collect(Collectors.joining("\n", head + "\n\n", ""));
    return features
        + result.rules().map(Features::describe).orElse("")
        + result.attributions().map(Features::describe).orElse("");
  }

  private static String describe(List<AttributionCard> attributions) {
    StringBuilder text =
        new StringBuilder("%nfrom where attention brings it, by head and token%n".formatted());
    for (AttributionCard card : attributions) {
      for (AttributionCard.Attributed token : card.tokens()) {
        text.append(describe(card.latent(), token));
      }
    }
    return text.toString();
  }

  private static String describe(int latent, AttributionCard.Attributed token) {
    String largest =
        token.largest().stream()
            .map(source ->
                String.format(
                    Locale.ROOT,
                    "head %d from %s (%d back) %.3g",
                    source.head(),
                    source.token(),
                    source.back(),
                    source.value()))
            .collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "latent %d on %s: %.3f, of it constant %.3f; %s%n",
        latent,
        token.token(),
        token.preActivation(),
        token.constant(),
        largest);
  }

  private static String describe(RuleResults rules) {
    String means =
        "%nrules: mean over latents that fire on both halves%n%s%s"
            .formatted(describe("tokens", rules.tokens()), describe("ngrams", rules.ngrams()));
    return rules.latents().stream()
        .flatMap(latent -> latent.rules().stream().map(rule -> describe(latent.latent(), rule)))
        .collect(Collectors.joining("", means, ""));
  }

  private static String describe(String kind, RuleSummary summary) {
    return String.format(
        Locale.ROOT,
        "  %s: %,d latents, AUC %.3f, F1 %.3f%n",
        kind,
        summary.latents(),
        summary.auc(),
        summary.f1());
  }

  private static String describe(int latent, RuleCard rule) {
    return String.format(
        Locale.ROOT,
        "latent %d, %s: AUC %.3f, precision %.2f, recall %.2f, F1 %.2f: %s%n",
        latent,
        rule.kind(),
        rule.score().auc(),
        rule.score().precision(),
        rule.score().recall(),
        rule.score().f1(),
        rule.text());
  }

  private static String describe(FeatureCard feature) {
    String facts =
        String.format(
            Locale.ROOT,
            "latent %d: active on %,d tokens (%.4f %%), mean %.3f, max %.3f, encoder·decoder"
                + " %.3f%n",
            feature.latent(),
            feature.activeTokens(),
            100 * feature.density(),
            feature.meanActivation(),
            feature.maxActivation(),
            feature.encoderDecoderCosine());
    String tokens =
        feature.topTokens().stream()
            .map(token -> token.token() + " " + token.count())
            .collect(Collectors.joining(", ", "  top tokens: ", "\n"));
    String logits =
        feature.promoted().isEmpty()
            ? ""
            : "  promotes: %s%n  suppresses: %s%n"
                .formatted(
                    String.join(" ", feature.promoted()), String.join(" ", feature.suppressed()));
    String neighbours =
        feature.neighbours().stream()
            .map(neighbour ->
                String.format(
                    Locale.ROOT,
                    "%d \"%s\" %.2f",
                    neighbour.latent(),
                    neighbour.token(),
                    neighbour.cosine()))
            .collect(Collectors.joining(", ", "  nearest decoder rows: ", "\n"));
    String lines =
        facts
            + tokens
            + lifts("before", feature.before())
            + lifts("on", feature.on())
            + lifts("after", feature.after())
            + logits
            + neighbours
            + together(feature.together());
    String top = feature.contexts().stream().map(Features::describe).collect(Collectors.joining());
    return feature.intervals().stream()
        .skip(1)
        .map(Features::describe)
        .collect(Collectors.joining("", lines + top, ""));
  }

  private static String lifts(String place, List<FeatureCard.TokenLift> lifts) {
    return lifts.isEmpty()
        ? ""
        : lifts.stream()
            .map(lift ->
                String.format(
                    Locale.ROOT,
                    "%s %.0f %% (x%.3g)",
                    lift.token(),
                    100 * lift.share(),
                    lift.lift()))
            .collect(Collectors.joining(", ", "  tokens " + place + ": ", "\n"));
  }

  private static String together(List<FeatureCard.Together> together) {
    return together.stream()
        .map(other ->
            String.format(
                Locale.ROOT,
                "%d \"%s\" %.2f (x%.3g)",
                other.latent(),
                other.token(),
                other.share(),
                other.lift()))
        .collect(Collectors.joining(", ", "  active where it is: ", "\n"));
  }

  private static String describe(FeatureCard.Interval interval) {
    String head =
        String.format(
            Locale.ROOT,
            "  %.3g to %.3g: %,d tokens%n",
            interval.from(),
            interval.to(),
            interval.activeTokens());
    return interval.contexts().stream()
        .map(Features::describe)
        .collect(Collectors.joining("", head, ""));
  }

  private static String describe(FeatureCard.Context context) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < context.tokens().size(); i++) {
      FeatureCard.ContextToken token = context.tokens().get(i);
      String space = token.spaceBefore() && i > 0 ? " " : "";
      text.append(space).append(i == context.peak() ? "«" + token.text() + "»" : token.text());
    }
    double peak = context.tokens().get(context.peak()).activation();
    return String.format(Locale.ROOT, "  %8.3f  %s%n", peak, text);
  }
}
