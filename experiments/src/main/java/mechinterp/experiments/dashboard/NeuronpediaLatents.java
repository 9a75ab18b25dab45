package mechinterp.experiments.dashboard;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import mechinterp.analysis.ActivationHistogram;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.LogitEffect;
import mechinterp.analysis.explanation.Explanations;
import mechinterp.analysis.neuronpedia.NeuronpediaFolder;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Bin;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Example;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Explanation;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Histogram;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Similar;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.TokenValue;
import mechinterp.analysis.neuronpedia.NeuronpediaSource;
import mechinterp.analysis.neuronpedia.NeuronpediaWriter;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.run.FeatureCards;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tokenizer.SpecialTokens;

/** What an analysis found, as Neuronpedia has it. */
public final class NeuronpediaLatents implements NeuronpediaWriter.Latents {
  private static final int EFFECTS = 10;
  private static final int AT_ONCE = 2048;

  private final FeatureReport report;
  private final Transformer model;
  private final FeatureCards cards;
  private final Map<Integer, Explanation> explanations = new HashMap<>();
  private final IntConsumer progress;

  /**
   * Makes latents of a report.
   *
   * @param explained what a judge said, if any was asked
   * @param progress hears how many latents are done
   */
  public NeuronpediaLatents(
      FeatureReport report,
      Transformer model,
      Optional<Explanations> explained,
      IntConsumer progress) {
    this.report = report;
    this.model = model;
    this.cards = new FeatureCards(report, model, String::valueOf);
    this.progress = progress;
    explained.ifPresent(this::keep);
  }

  private void keep(Explanations explained) {
    explained
        .explanations()
        .forEach(each ->
            each.text()
                .ifPresent(text ->
                    explanations.put(each.latent(), new Explanation(text, explained.judge()))));
  }

  /**
   * Returns what the latents are of.
   *
   * @param set its name; without one, one such as {@code res-2048}
   * @param text the text's name
   */
  public NeuronpediaSource source(HookPoint hook, Optional<String> set, String text) {
    String own = kind(hook.site()) + "-" + report.latents();
    String name = model.config().name();
    return new NeuronpediaSource(
        name.substring(name.lastIndexOf('/') + 1),
        hook.layer().orElse(0),
        set.orElse(own),
        hook.toString(),
        text,
        report.documents(),
        model.config().nCtx(),
        Instant.now());
  }

  private static String kind(String site) {
    return site.contains("resid") ? "res" : site.contains("mlp") ? "mlp" : "att";
  }

  @Override
  public void forEach(NeuronpediaFolder.Target target) throws IOException {
    for (int from = 0; from < report.latents(); from += AT_ONCE) {
      int to = Math.min(report.latents(), from + AT_ONCE);
      List<Integer> latents = IntStream.range(from, to).boxed().toList();
      List<FeatureCard> found = cards.of(latents);
      List<LogitEffect> effects =
          report.hasLogitEffects() ? report.logitEffects(latents, EFFECTS) : List.of();
      for (int i = 0; i < found.size(); i++) {
        LogitEffect effect =
            effects.isEmpty() ? new LogitEffect(List.of(), List.of()) : effects.get(i);
        target.take(latent(found.get(i), effect));
        progress.accept(from + i + 1);
      }
    }
  }

  private NeuronpediaLatent latent(FeatureCard card, LogitEffect effect) {
    return new NeuronpediaLatent(
        card.latent(),
        LatentPage.rounded(card.density()),
        LatentPage.rounded(card.maxActivation()),
        tokens(effect.promoted()),
        tokens(effect.suppressed()),
        histogram(report.histogram(card.latent())),
        new Histogram(List.of(), List.of()),
        card.neighbours().stream()
            .map(near -> new Similar(near.latent(), LatentPage.rounded(near.cosine())))
            .toList(),
        examples(card),
        Optional.ofNullable(explanations.get(card.latent())).stream().toList());
  }

  private List<TokenValue> tokens(List<LogitEffect.TokenEffect> effects) {
    return effects.stream()
        .map(effect ->
            new TokenValue(
                model.tokenizer().decode(new int[] {effect.id()}, SpecialTokens.KEEP),
                LatentPage.rounded(effect.effect())))
        .toList();
  }

  /** A bar stands in the middle of its half octave, as the logarithm has it. */
  private static Histogram histogram(ActivationHistogram histogram) {
    int bins = histogram.counts().size();
    return new Histogram(
        IntStream.range(0, bins)
            .mapToObj(bin ->
                LatentPage.rounded(
                    Math.sqrt(histogram.lowerEdge(bin) * histogram.lowerEdge(bin + 1))))
            .toList(),
        histogram.counts().stream().map(Long::doubleValue).toList());
  }

  private static List<Example> examples(FeatureCard card) {
    List<Example> examples = new ArrayList<>();
    Bin strongest = Bin.strongest(LatentPage.rounded(card.maxActivation()));
    card.contexts().forEach(context -> examples.add(example(context, strongest)));
    for (FeatureCard.Interval interval : card.intervals()) {
      double share = (double) interval.activeTokens() / Math.max(1, card.activeTokens());
      Bin bin =
          new Bin(
              LatentPage.rounded(interval.from()),
              LatentPage.rounded(interval.to()),
              LatentPage.rounded(share));
      interval.contexts().forEach(context -> examples.add(example(context, bin)));
    }
    return examples;
  }

  private static Example example(FeatureCard.Context context, Bin bin) {
    LatentPage.Context shown = LatentPage.Context.of(context);
    return new Example(shown.tokens(), shown.activations(), bin, shown.peak());
  }
}
