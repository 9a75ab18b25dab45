package mechinterp.experiments.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.megabench.BenchReport;
import mechinterp.experiments.megabench.BenchResults;
import mechinterp.experiments.megabench.BenchRun;
import mechinterp.experiments.megabench.BenchTables;
import mechinterp.experiments.megabench.GridConfig;
import mechinterp.experiments.run.Environment;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.io.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp megabench run}. */
@Command(
    name = "run",
    description = {
      "Train and measure a grid of autoencoders and baselines, and report.",
      "What is finished is kept: a run that was stopped goes on, and another seed costs only itself."
    })
public final class MegabenchRun implements Callable<Integer> {
  /** How large the grid is. */
  enum Profile {
    QUICK,
    STANDARD,
    FULL
  }

  @Option(
      names = "--profile",
      paramLabel = "P",
      description = "quick (minutes), standard (hours) or full. Default: ${DEFAULT-VALUE}.")
  private Profile profile = Profile.QUICK;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A grid of your own as JSON, such as configs/megabench-quick.json.")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--models",
      split = ",",
      paramLabel = "M",
      description = "Some of the grid's models.")
  private List<String> models = List.of();

  @Option(
      names = "--kinds",
      split = ",",
      paramLabel = "KIND",
      converter = KindConverter.class,
      description = "Kinds in place of the grid's: ${COMPLETION-CANDIDATES}.")
  private List<SaeSettings.Kind> kinds = List.of();

  @Option(names = "--seeds", paramLabel = "N", description = "Seeds 1 to N.")
  private Optional<Integer> seeds = Optional.empty();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the cells and the report. Default: runs/megabench-PROFILE.")
  private Optional<Path> out = Optional.empty();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String report, List<BenchResults.Printed> cells) {}

  @Override
  public Integer call() throws IOException {
    GridConfig grid = grid();
    Path folder = out.orElse(Path.of("runs", "megabench-" + name()));
    try (Device device = deviceOptions.open()) {
      new BenchRun(grid, folder, device, output.progress()).run();
      Json.write(folder.resolve("environment.json"), Environment.of(device));
    }
    BenchResults results = BenchResults.of(folder);
    Path page = BenchReport.write(results, folder);
    output.print(
        new Result(page.toString(), results.printed()),
        BenchTables.text(results) + "\nPage: " + page.toAbsolutePath());
    return 0;
  }

  private GridConfig grid() throws IOException {
    GridConfig read = read();
    GridConfig ofModels = models.isEmpty() ? read : read.withModels(models);
    GridConfig ofKinds = kinds.isEmpty() ? ofModels : ofModels.withKinds(kinds);
    return seeds.map(number -> ofKinds.withSeeds(positive(number))).orElse(ofKinds);
  }

  private static int positive(int number) {
    if (number < 1) {
      throw new IllegalArgumentException("--seeds: is %d; it must be at least 1".formatted(number));
    }
    return number;
  }

  private GridConfig read() throws IOException {
    if (config.isPresent()) {
      return Json.read(config.get(), GridConfig.class);
    }
    String resource = "/mechinterp/configs/megabench-" + name() + ".json";
    try (InputStream in = MegabenchRun.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("resource " + resource + " is missing");
      }
      return Json.read("configs/megabench-" + name() + ".json", in, GridConfig.class);
    }
  }

  private String name() {
    return profile.name().toLowerCase(Locale.ROOT);
  }
}
