package mechinterp.experiments.live;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;

/**
 * A model with an autoencoder or transcoder that answers questions of bounded size; one at a time
 * may ask. The model is never changed.
 */
public final class LiveModel {
  private static final int LONGEST_TEXT = 512;
  private static final int MOST_TOP = 100;
  private static final int MOST_NEW = 256;
  private static final int MOST_CHANGES = 32;
  private static final Comparator<LiveAnswer.Latent> STRONGEST_FIRST =
      Comparator.comparing(LiveAnswer.Latent::activation)
          .reversed()
          .thenComparing(LiveAnswer.Latent::latent);

  private final Transformer model;
  private final String name;
  private final List<Place> places;
  private final Intervention spliced;
  private final Optional<Intervention> reconstructed;

  /**
   * Where latents are; of a cross-layer transcoder one of each layer.
   *
   * @param changed by which the latents are changed
   * @param latents how many there are
   */
  private record Place(TextLatents text, HookPoint changed, int latents) {}

  private LiveModel(
      Transformer model,
      String name,
      List<Place> places,
      Intervention spliced,
      Optional<Intervention> reconstructed) {
    this.model = model;
    this.name = name;
    this.places = List.copyOf(places);
    this.spliced = spliced;
    this.reconstructed = reconstructed;
  }

  /**
   * Prepares a model with an autoencoder.
   *
   * @param name the autoencoder's
   * @param sites what it encodes, and of a transcoder what it makes
   * @throws IllegalArgumentException when it does not fit there
   */
  public static LiveModel of(Transformer model, Sae sae, String name, List<HookPoint> sites) {
    TextLatents text = new TextLatents(model, sites.getFirst(), sae);
    return new LiveModel(
        model,
        name,
        List.of(new Place(text, sites.getLast(), sae.dSae())),
        splice(model, sae, sites, ErrorTerm.KEPT),
        Optional.of(splice(model, sae, sites, ErrorTerm.DROPPED)));
  }

  private static Intervention splice(
      Transformer model, Sae sae, List<HookPoint> sites, ErrorTerm error) {
    Intervention none = Intervention.of(model);
    return sites.size() == 1
        ? none.splice(sites.getFirst(), sae, error)
        : none.splice(sites.getFirst(), sites.getLast(), sae, error);
  }

  /**
   * Prepares a model with a cross-layer transcoder, whose latents count on from layer to layer.
   *
   * @param name the transcoder's
   * @param input the site in each block that its latents see
   * @throws IllegalArgumentException when it does not fit there
   */
  public static LiveModel of(
      Transformer model, CrossLayerTranscoder transcoder, String name, String input) {
    Intervention none = Intervention.of(model);
    List<Place> places = new ArrayList<>();
    for (int layer = 0; layer < transcoder.config().layers(); layer++) {
      HookPoint site = HookPoint.inBlock(layer, input);
      places.add(
          new Place(
              new TextLatents(model, site, transcoder.layer(layer)),
              HookPoint.mlpOut(layer),
              transcoder.config().dSae()));
    }
    return new LiveModel(
        model,
        name,
        places,
        none.splice(transcoder, input, ErrorTerm.KEPT),
        transcoder.config().skip()
            ? Optional.empty()
            : Optional.of(none.splice(transcoder, input, ErrorTerm.DROPPED)));
  }

  private int latents() {
    return places.stream().mapToInt(Place::latents).sum();
  }

  /** Returns by which hook points latents are changed. */
  public List<String> hooks() {
    return places.stream().map(place -> place.changed().toString()).toList();
  }

  LiveAnswer.About about(boolean dashboard) {
    return new LiveAnswer.About(
        model.config().name(),
        name,
        String.join(", ", hooks()),
        latents(),
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
    List<List<LiveAnswer.Latent>> active = active(ids);
    List<LiveAnswer.Token> tokens = new ArrayList<>();
    for (int t = 0; t < ids.length; t++) {
      TokenText.Piece piece = pieces.get(t);
      tokens.add(
          new LiveAnswer.Token(
              piece.spaceBefore() ? " " + piece.text() : piece.text(),
              active.get(t).size(),
              active.get(t).stream().limit(question.top()).toList()));
    }
    return new LiveAnswer.Tokens(tokens);
  }

  /** Returns the latents of each token, the strongest first. */
  private List<List<LiveAnswer.Latent>> active(int[] ids) {
    List<List<LiveAnswer.Latent>> active =
        Stream.generate(() -> (List<LiveAnswer.Latent>) new ArrayList<LiveAnswer.Latent>())
            .limit(ids.length)
            .toList();
    int first = 0;
    for (Place place : places) {
      List<List<TextLatents.Active>> own = place.text().of(ids);
      for (int t = 0; t < ids.length; t++) {
        for (TextLatents.Active each : own.get(t)) {
          active.get(t).add(new LiveAnswer.Latent(first + each.latent(), each.activation()));
        }
      }
      first += place.latents();
    }
    active.forEach(each -> each.sort(STRONGEST_FIRST));
    return active;
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
    Positions positions = Places.of("places", question.places(), prompt.length);
    Intervention steered = question.errorKept() ? spliced : withoutError();
    for (LiveQuestion.Change change : question.changes()) {
      steered = changed(steered, change, positions);
    }
    return new LiveAnswer.Texts(
        added(Generator.of(model), question, prompt), added(steered.generator(), question, prompt));
  }

  private Intervention withoutError() {
    return reconstructed.orElseThrow(() ->
        new IllegalArgumentException(
            "error_kept: is false; the cross-layer transcoder has skip connections, its error must be kept"));
  }

  private Intervention changed(
      Intervention steered, LiveQuestion.Change change, Positions positions) {
    requireWithin("latent", change.latent(), 0, latents() - 1);
    int first = 0;
    int at = 0;
    while (change.latent() >= first + places.get(at).latents()) {
      first += places.get(at).latents();
      at++;
    }
    return steered.change(
        places.get(at).changed(), change.toLatentChange(change.latent() - first), positions);
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
