package mechinterp.experiments.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.run.ModelBenchmark;
import mechinterp.experiments.run.ModelBenchmark.Phase;
import mechinterp.io.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mechinterp bench forward}. */
@Command(
    name = "forward",
    description = {
      "Measure how many tokens a second a model runs on random ids.",
      "trunk: from the embedding to the final norm. logits: the same, and the logits of all tokens. "
          + "gradients: logits, cross-entropy and backward to the embeddings. "
          + "training: the same with the gradients of all weights."
    })
public final class BenchForward implements Callable<Integer> {
  @Mixin private ModelOptions modelOptions;

  @Option(
      names = "--sequences",
      paramLabel = "N",
      defaultValue = "8",
      description = "Sequences of a batch where no gradients are computed. Default: 8.")
  private int sequences;

  @Option(
      names = "--gradient-sequences",
      paramLabel = "N",
      defaultValue = "2",
      description = "Sequences of a batch where they are. Default: 2.")
  private int gradientSequences;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "Tokens of a sequence. Default: 256.")
  private int tokens;

  @Option(
      names = "--phases",
      paramLabel = "PHASE",
      split = ",",
      defaultValue = "trunk,logits,gradients",
      description =
          "What to measure: trunk, logits, gradients, training. Default: ${DEFAULT-VALUE}.")
  private List<Phase> phases = List.of();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "7",
      description = "Rounds that count, after two that do not. Default: 7.")
  private int rounds;

  @Option(
      names = "--on-demand",
      description = {
        "Do one round for each line of standard input, which names a phase, and print its result on a line, so "
            + "that another program can measure something else in between."
      })
  private boolean onDemand;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;
  @Spec private CommandSpec spec;

  private static final int WARM_UP = 2;
  private static final double MEBIBYTE = 1 << 20;

  /** A round: what it did, its tokens and how many of them a second. */
  record Round(Phase phase, int tokens, double seconds, double tokensPerSecond) {}

  /** Tokens a second in the rounds of a phase. */
  record Rate(
      Phase phase,
      int tokens,
      double median,
      double slowest,
      double fastest,
      Map<String, Long> plannedBytes) {}

  /**
   * What is printed.
   *
   * @param model name and hash
   * @param tokens of a sequence
   */
  record Result(String model, String device, int tokens, int rounds, List<Rate> rates) {}

  @Override
  public Integer call() throws IOException {
    requirePositive("--sequences", sequences);
    requirePositive("--gradient-sequences", gradientSequences);
    requirePositive("--tokens", tokens);
    requirePositive("--rounds", rounds);
    try (Device device = deviceOptions.open()) {
      ModelBenchmark benchmark =
          new ModelBenchmark(
              options -> modelOptions.load(device, output, options),
              new ModelBenchmark.Sizes(sequences, gradientSequences, tokens));
      if (onDemand) {
        answer(benchmark);
      } else {
        measure(device, benchmark);
      }
    }
    return 0;
  }

  private void measure(Device device, ModelBenchmark benchmark) throws IOException {
    List<Rate> rates = new ArrayList<>();
    for (Phase phase : phases) {
      rates.add(rate(benchmark, phase));
    }
    String identity = benchmark.identity(phases.getFirst());
    Result result = new Result(identity, device.name(), tokens, rounds, rates);
    output.print(result, describe(result));
  }

  private Rate rate(ModelBenchmark benchmark, Phase phase) throws IOException {
    int done = benchmark.tokens(phase);
    double[] perSecond = new double[rounds];
    for (int round = -WARM_UP; round < rounds; round++) {
      perSecond[Math.max(round, 0)] = done / benchmark.seconds(phase);
    }
    Arrays.sort(perSecond);
    Map<String, Long> planned = benchmark.plan(phase).bytes();
    return new Rate(phase, done, median(perSecond), perSecond[0], perSecond[rounds - 1], planned);
  }

  private static String describe(Result result) {
    TextTable table =
        new TextTable("tokens/s", "median", "slowest", "fastest", "batch", "planned MiB");
    for (Rate rate : result.rates()) {
      table.row(
          rate.phase().toString().toLowerCase(Locale.ROOT),
          number(rate.median()),
          number(rate.slowest()),
          number(rate.fastest()),
          Integer.toString(rate.tokens()),
          number(
              rate.plannedBytes().values().stream().mapToLong(Long::longValue).sum() / MEBIBYTE));
    }
    return "%s%n%s%n%s".formatted(result.model(), result.device(), table);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%,.0f", value);
  }

  private void answer(ModelBenchmark benchmark) throws IOException {
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Phase phase = phase(line.strip());
      double seconds = benchmark.seconds(phase);
      int done = benchmark.tokens(phase);
      spec.commandLine()
          .getOut()
          .println(Json.compact(new Round(phase, done, seconds, done / seconds)));
      spec.commandLine().getOut().flush();
    }
  }

  private static Phase phase(String name) {
    return Arrays.stream(Phase.values())
        .filter(phase -> phase.name().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "standard input: phase is \"%s\"; it must be one of %s"
                    .formatted(name, Arrays.toString(Phase.values()))));
  }

  private static double median(double[] sorted) {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  private static void requirePositive(String option, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least 1".formatted(option, value));
    }
  }
}
