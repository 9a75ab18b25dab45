package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import mechinterp.activation.ActivationStore;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.explanation.DetectionCount;
import mechinterp.analysis.explanation.ExampleSampler;
import mechinterp.analysis.explanation.ExplanationConfig;
import mechinterp.analysis.explanation.Explanations;
import mechinterp.analysis.explanation.IntruderCount;
import mechinterp.analysis.explanation.LatentExplanation;
import mechinterp.analysis.explanation.LatentJudge;
import mechinterp.analysis.explanation.ParallelJudge;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.ExplanationFolder;
import mechinterp.experiments.run.FeatureCards;
import mechinterp.experiments.run.SaeSource;
import mechinterp.io.chat.ApiKey;
import mechinterp.io.chat.ChatLog;
import mechinterp.io.chat.ChatServer;
import mechinterp.io.chat.ChatServerConfig;
import mechinterp.io.http.EnvironmentProxies;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp explain}. */
@Command(
    name = "explain",
    description = {
      "Let a language model behind any OpenAI-compatible server explain latents, and score the",
      "explanations. A run that was stopped goes on; nothing is asked twice."
    })
public final class Explain implements Callable<Integer> {
  /** Latents whose contexts are in memory at once. */
  private static final int AT_ONCE = 64;

  @Mixin private ModelOptions modelOptions;
  @Mixin private SaeOption sae;
  @Mixin private HookOption hook;
  @Mixin private FeatureSource source;

  @Option(
      names = "--server",
      required = true,
      paramLabel = "URL",
      description = "Address of the server, such as http://localhost:8080/v1.")
  private String server;

  @Option(
      names = "--judge",
      required = true,
      paramLabel = "NAME",
      description = "The model to ask, as the server calls it.")
  private String judge;

  @Option(
      names = "--key-variable",
      paramLabel = "NAME",
      description =
          "Environment variable with the server's key, if it wants one. Default: ${DEFAULT-VALUE}.")
  private String keyVariable = "MECHINTERP_JUDGE_KEY";

  @Option(
      names = "--latent",
      paramLabel = "N",
      split = ",",
      description = "Latents to explain. Default: those whose contexts agree most.")
  private List<Integer> latents = List.of();

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "How many latents without --latent. Default: ${DEFAULT-VALUE}.")
  private int top = 20;

  @Option(
      names = "--shown",
      paramLabel = "N",
      description = "Contexts in the question for the explanation. Default: ${DEFAULT-VALUE}.")
  private int shown = ExplanationConfig.defaults().shown();

  @Option(
      names = "--tested",
      paramLabel = "N",
      description =
          "Contexts with the latent, and as many without, for the scores. Default:"
              + " ${DEFAULT-VALUE}.")
  private int tested = ExplanationConfig.defaults().tested();

  @Option(
      names = "--answer-tokens",
      paramLabel = "N",
      description = "Longest answer, in the judge's tokens. Default: ${DEFAULT-VALUE}.")
  private int answerTokens = ExplanationConfig.defaults().maxTokens();

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the contexts. Default: 0.")
  private long seed = 0;

  @Option(
      names = "--parallel",
      paramLabel = "N",
      description = "Most questions at once. Default: ${DEFAULT-VALUE}.")
  private int parallel = 4;

  @Option(
      names = "--timeout",
      paramLabel = "S",
      description = "Longest wait for an answer, in seconds. Default: ${DEFAULT-VALUE}.")
  private double timeout = 300;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder for explanations and the log: new, or that of an earlier run.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed: means over the latents of this run that have a score. */
  record Result(
      String out,
      String judge,
      OptionalDouble detection,
      OptionalDouble fuzzing,
      OptionalDouble intruder,
      List<LatentExplanation> explanations) {}

  @Override
  public Integer call() throws IOException {
    source.requireGiven();
    if (top < 1) {
      throw new IllegalArgumentException("--top: is " + top + "; it must be at least 1");
    }
    ExplanationConfig config =
        ExplanationConfig.defaults()
            .withContexts(shown, tested)
            .withMaxTokens(answerTokens)
            .withSeed(seed);
    try (ChatServer chat = new ChatServer(serverConfig(), output.progress()::note);
        Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, _ -> {});
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      SaeSource.requireModel(loaded, model);
      List<HookPoint> sites = hook.of(loaded, sae);
      ExplanationFolder folder =
          ExplanationFolder.open(
              out,
              new Explanations(
                  judge,
                  model.identity(),
                  sites.getFirst().toString(),
                  loaded.sae().dSae(),
                  config,
                  List.of()));
      try (ChatLog log = answered(folder, chat);
          ActivationStore opened = source.open(model, sites, output)) {
        ActivationStore store = SaeSource.fitting(loaded, opened);
        FeatureAnalysis analysis =
            FeatureAnalysis.of(model, sites.getFirst(), loaded.sae()).with(config.analysis());
        FeatureReport report = analyse(analysis, store);
        ParallelJudge judges = new ParallelJudge(new LatentJudge(log, config), parallel);
        Result result = explain(folder, judges, report, model, config);
        output.print(result, describe(result));
      }
    }
    return 0;
  }

  /** Opens the log; where nothing was answered yet the judge must be there before hours of work. */
  private static ChatLog answered(ExplanationFolder folder, ChatServer chat) throws IOException {
    ChatLog log = folder.log(chat);
    boolean ready = false;
    try {
      if (log.size() == 0) {
        chat.requireThere();
      }
      ready = true;
      return log;
    } finally {
      if (!ready) {
        log.close();
      }
    }
  }

  private ChatServerConfig serverConfig() {
    return new ChatServerConfig(
        ChatServerConfig.address(server),
        judge,
        ApiKey.of(System.getenv(), keyVariable),
        Duration.ofMillis(Math.round(1000 * timeout)),
        EnvironmentProxies.of(System.getenv()));
  }

  private FeatureReport analyse(FeatureAnalysis analysis, ActivationStore store) {
    try (Progress progress = output.progress().start("features", store.tokens(), "tokens")) {
      progress.note("plan: " + analysis.plan().toString().replace("\n", "\n  "));
      return analysis.over(store, progress::update);
    }
  }

  private Result explain(
      ExplanationFolder folder,
      ParallelJudge judges,
      FeatureReport report,
      Transformer model,
      ExplanationConfig config)
      throws IOException {
    List<Integer> wanted =
        latents.isEmpty()
            ? new FeatureCards(report, model, String::valueOf).bestLatents(top)
            : latents;
    ExampleSampler sampler = new ExampleSampler(report, model.tokenizer(), config);
    List<LatentExplanation> found = new ArrayList<>();
    try (Progress progress = output.progress().start("judge", wanted.size(), "latents")) {
      for (int from = 0; from < wanted.size(); from += AT_ONCE) {
        int done = from;
        List<Integer> some = wanted.subList(from, Math.min(wanted.size(), from + AT_ONCE));
        List<LatentExplanation> more =
            judges.judge(sampler.of(some), count -> progress.update(done + count));
        folder.add(more);
        found.addAll(more);
      }
    }
    Explanations all = folder.with(found.stream().sorted(ExplanationFolder.BY_LATENT).toList());
    return new Result(
        out.toString(),
        judge,
        all.meanDetection(),
        all.meanFuzzing(),
        all.meanIntruder(),
        all.explanations());
  }

  private static String describe(Result result) {
    String rows =
        result.explanations().stream()
            .map(Explain::describe)
            .collect(
                Collectors.joining("", row("latent", "detection", "fuzzing", "intruder", ""), ""));
    String means =
        row(
            "mean",
            score(result.detection()),
            score(result.fuzzing()),
            score(result.intruder()),
            "");
    return rows + means + "explanations and log are in " + result.out();
  }

  private static String describe(LatentExplanation each) {
    return row(
        String.valueOf(each.latent()),
        score(each.detection().map(DetectionCount::balancedAccuracy)),
        score(each.fuzzing().map(DetectionCount::balancedAccuracy)),
        score(each.intruder().map(IntruderCount::accuracy)),
        each.text().orElse("no explanation"));
  }

  private static String row(
      String latent, String detection, String fuzzing, String intruder, String text) {
    return "%-8s %9s  %7s  %8s  %s%n".formatted(latent, detection, fuzzing, intruder, text);
  }

  private static String score(OptionalDouble score) {
    return score(score.isPresent() ? Optional.of(score.getAsDouble()) : Optional.empty());
  }

  private static String score(Optional<Double> score) {
    return score.map(value -> String.format(Locale.ROOT, "%.2f", value)).orElse("-");
  }
}
