package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.ladder.Ladder;
import mechinterp.experiments.ladder.LadderConfig;
import mechinterp.experiments.ladder.PredictedModel;
import mechinterp.experiments.run.Environment;
import mechinterp.io.AtomicFile;
import mechinterp.io.Json;
import mechinterp.scaling.FitSettings;
import mechinterp.scaling.ScalingPoints;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp experiment 02}. */
@Command(
    name = "02",
    description = {
      "Scaling laws: train autoencoders over a ladder of models, widths, sparsities and budgets, fit"
          + " laws without the largest model, and predict it.",
      "What is finished is kept: a run that was stopped goes on."
    })
public final class ScalingExperiment implements Callable<Integer> {
  @Mixin private ExperimentOptions options;

  @Option(
      names = "--draws",
      paramLabel = "N",
      description = "Draws of the bootstrap. Default: ${DEFAULT-VALUE}.")
  private int draws = FitSettings.defaults().draws();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed: how the laws of each measure did. */
  record Result(String report, List<Outcome> measures) {}

  /**
   * A measure's test.
   *
   * @param verdict the first line of what is said of it
   */
  record Outcome(String measure, String verdict) {}

  @Override
  public Integer call() throws IOException {
    LadderConfig config = options.read("02", LadderConfig.class);
    Path out = options.out("02");
    try (Device device = deviceOptions.open()) {
      new Ladder(config, out, device, output.progress()).run();
      Json.write(out.resolve("environment.json"), Environment.of(device));
    }
    List<Outcome> outcomes = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (String measure : List.of(Ladder.FVU, Ladder.CE_RISE)) {
      Path points = Ladder.points(out, measure);
      if (Files.exists(points)) {
        String report = report(ScalingPoints.read(points));
        outcomes.add(new Outcome(measure, report.lines().findFirst().orElseThrow()));
        text.append(report).append('\n');
      }
    }
    Path report = out.resolve("report.md");
    AtomicFile.write(report, file -> file.write(text.toString().getBytes(StandardCharsets.UTF_8)));
    output.print(new Result(report.toString(), outcomes), text.toString());
    return 0;
  }

  private String report(ScalingPoints points) {
    return points.models().size() < PredictedModel.LEAST_MODELS
        ? "%s: measured on %s; a law is tested on %d models at least\n"
            .formatted(points.measure(), points.models(), PredictedModel.LEAST_MODELS)
        : PredictedModel.of(points, FitSettings.defaults().withDraws(draws)).markdown();
  }
}
