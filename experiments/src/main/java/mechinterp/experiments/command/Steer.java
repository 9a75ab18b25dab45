package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import mechinterp.analysis.LogitEffect;
import mechinterp.analysis.steering.Dose;
import mechinterp.analysis.steering.DoseResponse;
import mechinterp.analysis.steering.ErrorTerm;
import mechinterp.analysis.steering.Intervention;
import mechinterp.analysis.steering.Positions;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.report.CircuitFigures;
import mechinterp.experiments.report.Figure;
import mechinterp.experiments.report.SvgFile;
import mechinterp.experiments.report.TokenText;
import mechinterp.experiments.run.Places;
import mechinterp.experiments.run.SaeSource;
import mechinterp.experiments.run.UnrelatedText;
import mechinterp.model.Generator;
import mechinterp.model.HookPoint;
import mechinterp.model.LoadPlan;
import mechinterp.model.Sampling;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp steer}. */
@Command(
    name = "steer",
    description = {
      "Change latents while a model goes on with a text, and show the texts side by side,",
      "with what each strength does to unrelated text. The model itself is never changed."
    })
public final class Steer implements Callable<Integer> {
  private static final int TARGETS = 10;

  @Mixin private ModelOptions modelOptions;
  @Mixin private SaeOption sae;
  @Mixin private HookOption hook;

  @Option(
      names = "--latent",
      required = true,
      split = ",",
      paramLabel = "N",
      description = "Latents to change, all alike.")
  private List<Integer> latents = List.of();

  @ArgGroup(multiplicity = "1")
  private ChangeOptions change;

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "T",
      description = "Text to go on with.")
  private String prompt;

  @Option(
      names = "--places",
      paramLabel = "P",
      description = {
        "Where: all, prompt, generated, or numbers of tokens, from 0 on, BOS counted.",
        "Default: all."
      })
  private String places = "all";

  @Option(
      names = "--error",
      paramLabel = "E",
      description =
          "The part that the autoencoder does not explain: kept or dropped. Default: kept.")
  private ErrorTerm error = ErrorTerm.KEPT;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Most tokens to add. Default: ${DEFAULT-VALUE}.")
  private int tokens = 40;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      description = "Draw tokens, of softmax(logits / X). Default: 0, the likeliest.")
  private double temperature = 0;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the draws. Default: 0.")
  private long seed = 0;

  @Option(
      names = "--target",
      paramLabel = "T",
      description =
          "Text whose tokens are wanted. Default: the 10 tokens that the latents promote.")
  private Optional<String> target = Optional.empty();

  @Option(
      names = "--unrelated",
      paramLabel = "FILE",
      description = "Text to measure side effects on, a document a line. Default: Europarl.")
  private Optional<Path> unrelated = Optional.empty();

  @Option(
      names = "--unrelated-tokens",
      paramLabel = "N",
      description = "About how many tokens of it. Default: ${DEFAULT-VALUE}.")
  private int unrelatedTokens = 1024;

  @Option(
      names = "--figure",
      paramLabel = "SVG",
      description = "Draw what each strength brings and what it costs into a file.")
  private Optional<Path> figure = Optional.empty();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(
      String model,
      String sae,
      String hook,
      List<Integer> latents,
      String change,
      String prompt,
      List<String> targets,
      long predictions,
      double crossEntropy,
      double targetProbability,
      String text,
      List<Steered> steered) {}

  /** A strength, its figures and the text. */
  record Steered(Dose dose, String text) {}

  @Override
  public Integer call() throws IOException {
    if (tokens < 0 || unrelatedTokens < 2) {
      throw new IllegalArgumentException(
          "--tokens, --unrelated-tokens: are %d and %d; they must be at least 0 and 2"
              .formatted(tokens, unrelatedTokens));
    }
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, Steer::requireLanguageModel);
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      SaeSource.requireModel(loaded, model);
      Result result = steer(model, loaded);
      draw(result);
      output.print(result, describe(result));
    }
    return 0;
  }

  private void draw(Result result) throws IOException {
    if (figure.isPresent()) {
      List<Dose> doses = result.steered().stream().map(Steered::dose).toList();
      Figure drawn = CircuitFigures.doses(result.change(), result.targetProbability(), doses);
      Files.writeString(figure.get(), SvgFile.of(drawn));
    }
  }

  private static void requireLanguageModel(LoadPlan plan) {
    if (plan.config().unembed().isEmpty()) {
      throw new IllegalArgumentException(
          "--model: %s is an encoder; it must be a language model".formatted(plan.config().name()));
    }
  }

  private Result steer(Transformer model, LoadedSae loaded) throws IOException {
    List<HookPoint> sites = hook.of(loaded, sae);
    int[] ids = promptIds(model);
    List<ChangeOptions.Strength> strengths = change.strengths();
    List<Intervention> interventions =
        interventions(spliced(model, loaded.sae(), sites), sites.getLast(), ids.length);
    Set<Integer> targets = targets(model, loaded.sae());
    DoseResponse response =
        new DoseResponse(
            model, ids, targets, UnrelatedText.read(unrelated, model, unrelatedTokens));
    List<Steered> steered = new ArrayList<>();
    for (int i = 0; i < strengths.size(); i++) {
      Dose dose = response.measure(strengths.get(i).value(), interventions.get(i));
      steered.add(new Steered(dose, generate(interventions.get(i).generator(), model, ids)));
    }
    return new Result(
        model.identity(),
        sae.toString(),
        sites.getLast().toString(),
        latents,
        strengths.getFirst().name(),
        prompt,
        targets.stream().map(id -> TokenText.of(model.tokenizer(), id)).toList(),
        response.predictions(),
        response.cleanCrossEntropy(),
        response.cleanTargetProbability(),
        generate(Generator.of(model), model, ids),
        steered);
  }

  private Intervention spliced(Transformer model, Sae autoencoder, List<HookPoint> sites) {
    Intervention none = Intervention.of(model);
    return sites.size() == 1
        ? none.splice(sites.getFirst(), autoencoder, error)
        : none.splice(sites.getFirst(), sites.getLast(), autoencoder, error);
  }

  /** Returns an intervention for each strength. */
  private List<Intervention> interventions(
      Intervention spliced, HookPoint changed, int promptTokens) {
    Positions positions = Places.of("--places", places, promptTokens);
    List<Intervention> interventions = new ArrayList<>();
    for (ChangeOptions.Strength strength : change.strengths()) {
      Intervention intervention = spliced;
      for (int latent : latents) {
        intervention = intervention.change(changed, strength.of().apply(latent), positions);
      }
      interventions.add(intervention);
    }
    return interventions;
  }

  private int[] promptIds(Transformer model) {
    int room = model.config().nCtx() - tokens;
    int[] ids = model.tokenizer().encodeFromBos(prompt, Integer.MAX_VALUE);
    if (ids.length == 0 || ids.length > room) {
      throw new IllegalArgumentException(
          "--prompt: has %d tokens; with %d more %s takes 1 to %d"
              .formatted(ids.length, tokens, model.config().name(), room));
    }
    return ids;
  }

  private Set<Integer> targets(Transformer model, Sae autoencoder) {
    Set<Integer> ids = new LinkedHashSet<>();
    if (target.isPresent()) {
      Arrays.stream(model.tokenizer().encodePlain(target.get()).ids()).forEach(ids::add);
    } else if (autoencoder.dOut() == model.config().dModel()) {
      for (int latent : latents) {
        LogitEffect.of(model, autoencoder.weights().wDec().row(latent), TARGETS)
            .getFirst()
            .promoted()
            .forEach(token -> ids.add(token.id()));
      }
    }
    return ids;
  }

  private String generate(Generator generator, Transformer model, int[] ids) throws IOException {
    Generator drawing =
        generator.with(Sampling.ofTemperature(temperature), RandomStream.of(seed, "generate"));
    try {
      return model.tokenizer().decode(drawing.generate(ids, tokens));
    } catch (ArithmeticException notFinite) {
      throw new IOException(
          "model %s: %s; a weaker change may help"
              .formatted(model.config().name(), notFinite.getMessage()),
          notFinite);
    }
  }

  private static String describe(Result result) {
    TextTable table = new TextTable(result.change(), "P(wanted)", "KL", "CE change");
    table.row("untouched", percent(result.targetProbability()), "0", "0");
    for (Steered steered : result.steered()) {
      Dose dose = steered.dose();
      table.row(
          String.format(Locale.ROOT, "%g", dose.strength()).replaceAll("\\.?0+$", ""),
          percent(dose.targetProbability()),
          String.format(Locale.ROOT, "%.4f", dose.klDivergence()),
          String.format(Locale.ROOT, "%+.4f", dose.crossEntropyChange()));
    }
    String texts =
        result.steered().stream()
            .map(steered -> text(result, steered))
            .collect(Collectors.joining());
    return String.format(
        Locale.ROOT,
        "latents %s at %s; wanted %s; side effects on %,d predictions, cross-entropy"
            + " %.4f%n%n%s%nuntouched:%n  %s%n%s",
        result.latents(),
        result.hook(),
        String.join(" ", result.targets()),
        result.predictions(),
        result.crossEntropy(),
        table,
        continued(result.prompt(), result.text()),
        texts);
  }

  private static String text(Result result, Steered steered) {
    return String.format(
        Locale.ROOT,
        "%s %s:%n  %s%n",
        result.change(),
        steered.dose().strength(),
        continued(result.prompt(), steered.text()));
  }

  private static String continued(String prompt, String text) {
    return (prompt + "|" + text).replace("\n", "\n  ");
  }

  private static String percent(double probability) {
    return String.format(Locale.ROOT, "%.3f %%", 100 * probability);
  }
}
