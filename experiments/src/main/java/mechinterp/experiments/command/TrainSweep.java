package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.SweepSettings;
import mechinterp.experiments.run.Sweeping;
import mechinterp.experiments.run.Training;
import mechinterp.experiments.run.TrainingData;
import mechinterp.io.Json;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.training.StepMetrics;

/** {@code mechinterp train --sweep}. */
final class TrainSweep {
  private static final String SETTINGS = "sweep.json";

  private final TrainSource source;
  private final TrainFolder folder;
  private final ResultOutput output;

  TrainSweep(TrainSource source, TrainFolder folder, ResultOutput output) {
    this.source = source;
    this.folder = folder;
    this.output = output;
  }

  /**
   * What is printed.
   *
   * @param out the folder
   * @param seconds time of the training
   * @param last the metrics of each member's last step
   * @param failed why the other members ended early
   */
  record Result(
      String out, double seconds, Map<String, StepMetrics> last, Map<String, String> failed) {}

  void run(Path file, DeviceOptions deviceOptions) throws IOException {
    SweepSettings given = Json.read(file, SweepSettings.class);
    SweepSettings settings = source.isStreamed() ? given.streamed() : given.stored();
    if (folder.isFinished(SETTINGS, settings)) {
      printFinished(settings);
      return;
    }
    try (Device device = deviceOptions.open()) {
      source.use(settings.data(), device, data -> train(settings, data, device));
    }
  }

  private void printFinished(SweepSettings settings) throws IOException {
    Map<String, StepMetrics> last = new LinkedHashMap<>();
    Map<String, String> failed = new LinkedHashMap<>();
    for (SweepSettings.Member member : settings.members()) {
      Path inside = folder.path().resolve(member.name());
      if (Files.exists(inside)) {
        last.put(member.name(), TrainFolder.lastMetrics(inside));
      } else {
        failed.put(member.name(), "ended early");
      }
    }
    print(new Result(folder.path().toString(), 0, last, failed));
  }

  private void train(SweepSettings settings, TrainingData data, Device device) throws IOException {
    long began = System.nanoTime();
    Sweeping sweeping = Sweeping.run(settings, data, device, output.progress(), folder.place());
    double seconds = (System.nanoTime() - began) / 1e9;
    folder.write(inside -> write(inside, settings, sweeping, data, device));
    Map<String, StepMetrics> last = new LinkedHashMap<>();
    sweeping.trained().forEach((name, training) -> last.put(name, training.last()));
    print(new Result(folder.path().toString(), seconds, last, sweeping.failed()));
  }

  private static void write(
      Path inside, SweepSettings settings, Sweeping sweeping, TrainingData data, Device device)
      throws IOException {
    Json.write(inside.resolve(SETTINGS), settings);
    for (SweepSettings.Member member : settings.members()) {
      Training training = sweeping.trained().get(member.name());
      if (training != null) {
        Path own = Files.createDirectory(inside.resolve(member.name()));
        SaeMetadata metadata = data.metadata(member.sites(data.sites()));
        TrainFolder.writeRun(own, settings.alone(member), training, metadata, device);
      }
    }
  }

  private void print(Result result) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s: %d autoencoders in %.1f s%n",
            result.out(),
            result.last().size(),
            result.seconds()));
    result
        .last()
        .forEach((name, last) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "  %s: last batch: FVU %.4f, L0 %.2f, dead latents %,d%n",
                    name,
                    last.fvu(),
                    last.l0(),
                    last.deadLatents())));
    result.failed().forEach((name, reason) -> text.append("  %s: %s%n".formatted(name, reason)));
    output.print(result, text.toString());
  }
}
