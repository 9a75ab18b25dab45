package mechinterp.experiments.live;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.analysis.TextLatents;
import mechinterp.analysis.steering.ErrorTerm;
import mechinterp.analysis.steering.Intervention;
import mechinterp.analysis.steering.Positions;
import mechinterp.experiments.report.TokenText;
import mechinterp.experiments.run.Places;
import mechinterp.model.Generator;
import mechinterp.model.HookPoint;
import mechinterp.model.Sampling;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;

/**
 * A model with an autoencoder that answers questions of bounded size; one at a time may ask. The
 * model is never changed.
 */
public final class LiveModel {
  private static final int LONGEST_TEXT = 512;
  private static final int MOST_TOP = 100;
  private static final int MOST_NEW = 256;
  private static final int MOST_CHANGES = 32;

  private final Transformer model;
  private final Sae sae;
  private final HookPoint changed;
  private final String name;
  private final TextLatents latents;
  private final Intervention spliced;
  private final Intervention reconstructed;

  /**
   * Prepares a model.
   *
   * @param name the autoencoder's
   * @param sites what it encodes, and of a transcoder what it makes
   * @throws IllegalArgumentException when it does not fit there
   */
  public LiveModel(Transformer model, Sae sae, String name, List<HookPoint> sites) {
    this.model = model;
    this.sae = sae;
    this.name = name;
    this.changed = sites.getLast();
    this.latents = new TextLatents(model, sites.getFirst(), sae);
    this.spliced = splice(sites, ErrorTerm.KEPT);
    this.reconstructed = splice(sites, ErrorTerm.DROPPED);
  }

  private Intervention splice(List<HookPoint> sites, ErrorTerm error) {
    Intervention none = Intervention.of(model);
    return sites.size() == 1
        ? none.splice(sites.getFirst(), sae, error)
        : none.splice(sites.getFirst(), sites.getLast(), sae, error);
  }

  LiveAnswer.About about(boolean dashboard) {
    return new LiveAnswer.About(
        model.config().name(),
        name,
        changed.toString(),
        sae.dSae(),
        dashboard,
        model.config().unembed().isPresent());
  }

  /**
   * Answers.
   *
   * @throws IllegalArgumentException when the question is too large or its numbers are impossible
   * @throws IOException when the model's numbers are no longer finite
   */
  LiveAnswer answer(LiveQuestion question) throws IOException {
    try {
      return switch (question) {
        case LiveQuestion.Latents of -> tokens(of);
        case LiveQuestion.Texts of -> texts(of);
      };
    } catch (ArithmeticException notFinite) {
      throw new IOException(notFinite.getMessage() + "; a weaker change may help", notFinite);
    }
  }

  private LiveAnswer tokens(LiveQuestion.Latents question) {
    requireWithin("top", question.top(), 1, MOST_TOP);
    int[] ids = ids("text", question.text(), Math.min(LONGEST_TEXT, model.config().nCtx()));
    List<TokenText.Piece> pieces =
        TokenText.pieces(model.tokenizer(), IntStream.of(ids).boxed().toList());
    List<List<TextLatents.Active>> active = latents.of(ids);
    List<LiveAnswer.Token> tokens = new ArrayList<>();
    for (int t = 0; t < ids.length; t++) {
      TokenText.Piece piece = pieces.get(t);
      tokens.add(
          new LiveAnswer.Token(
              piece.spaceBefore() ? " " + piece.text() : piece.text(),
              active.get(t).size(),
              active.get(t).stream()
                  .limit(question.top())
                  .map(each -> new LiveAnswer.Latent(each.latent(), each.activation()))
                  .toList()));
    }
    return new LiveAnswer.Tokens(tokens);
  }

  private int[] ids(String field, String text, int most) {
    int[] ids = model.tokenizer().encodeFromBos(text, Integer.MAX_VALUE);
    if (ids.length == 0 || ids.length > most) {
      throw new IllegalArgumentException(
          "%s: has %d tokens; it must have 1 to %d".formatted(field, ids.length, most));
    }
    return ids;
  }

  private LiveAnswer texts(LiveQuestion.Texts question) {
    requireWithin("tokens", question.tokens(), 1, MOST_NEW);
    requireWithin("changes", question.changes().size(), 0, MOST_CHANGES);
    int room = Math.min(LONGEST_TEXT, model.config().nCtx() - question.tokens());
    int[] prompt = ids("prompt", question.prompt(), room);
    Positions places = Places.of("places", question.places(), prompt.length);
    Intervention steered = question.errorKept() ? spliced : reconstructed;
    for (LiveQuestion.Change change : question.changes()) {
      steered = steered.change(changed, change.toLatentChange(), places);
    }
    return new LiveAnswer.Texts(
        added(Generator.of(model), question, prompt), added(steered.generator(), question, prompt));
  }

  private String added(Generator generator, LiveQuestion.Texts question, int[] prompt) {
    Sampling sampling = Sampling.ofTemperature(question.temperature());
    RandomStream random = RandomStream.of(question.seed(), "generate");
    int[] ids = generator.with(sampling, random).generate(prompt, question.tokens());
    return model.tokenizer().decode(ids);
  }

  private static void requireWithin(String field, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s: is %d; it must lie within %d to %d".formatted(field, value, least, most));
    }
  }
}
