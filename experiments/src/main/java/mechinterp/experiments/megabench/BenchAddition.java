package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.data.ModelParts;
import mechinterp.experiments.data.OpenedData;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.run.SaeSource;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.megabench.Metric;
import mechinterp.sae.Sae;
import mechinterp.sae.file.LoadedSae;

/** Puts an autoencoder from elsewhere beside those of a grid. */
public final class BenchAddition {
  private final Path out;
  private final Device device;
  private final Progress.Display display;

  /**
   * Begins.
   *
   * @param out folder of a run
   */
  public BenchAddition(Path out, Device device, Progress.Display display) {
    this.out = out;
    this.device = device;
    this.display = display;
  }

  /**
   * Measures it on the data of a model of the grid.
   *
   * @param name what tables call it
   * @param model name of a model of the grid
   * @param hook one of its hook points
   * @throws FormatException when the folder has no grid
   * @throws IllegalArgumentException when the name is taken, the grid has no such model, or the
   *     autoencoder is of another model or width
   */
  public BenchResults.Printed add(String name, LoadedSae loaded, String model, String hook)
      throws IOException {
    requireName(name);
    BenchModel found = model(model, hook);
    Sae sae = loaded.sae();
    Path folder =
        new CellStore(out)
            .folder(found.name() + "-added-" + name + "-" + BenchCell.hash(found.data()));
    if (Files.exists(folder)) {
      throw new IllegalArgumentException(
          "--name: %s is there (%s); take another one".formatted(name, folder));
    }
    OpenedData data = found.data().open(BenchRun.activations(out, found), device, display);
    try (Suite suite = Suite.of(data, device)) {
      if (data instanceof ModelParts parts) {
        SaeSource.requireModel(loaded, parts.model());
      }
      if (sae.config().rowWidth() != data.dIn()) {
        throw new IllegalArgumentException(
            "--sae: is %d wide, %s at %s is %d; they must be equal"
                .formatted(sae.config().rowWidth(), model, hook, data.dIn()));
      }
      CellRecord cell =
          new CellRecord(
              found.name(),
              found.hook(),
              found.layer(),
              name,
              true,
              sae.dSae(),
              sae.maxActive(),
              0,
              Optional.empty());
      CellStore.writeCell(folder, cell, sae);
      CellMeasurements measured =
          BenchRun.measure(suite, CellStore.sae(folder, device), cell, folder);
      return BenchResults.Printed.of(
          new BenchResults.Line(Metric.VERSION, cell, measured.values()));
    }
  }

  private static void requireName(String name) {
    if (!name.matches("[A-Za-z0-9._-]+") || isKind(name)) {
      throw new IllegalArgumentException(
          "--name: is \"%s\"; it must be of letters, digits, dots, hyphens and underscores, and no kind's"
              .formatted(name));
    }
  }

  private static boolean isKind(String name) {
    return Baseline.of(name).isPresent()
        || Arrays.stream(SaeSettings.Kind.values())
            .anyMatch(kind -> kind.name().equalsIgnoreCase(name));
  }

  private BenchModel model(String model, String hook) throws IOException {
    Path file = out.resolve("grid.json");
    if (!Files.exists(file)) {
      throw new FormatException(
          out.toString(), "has no grid.json; it must be a folder of megabench run");
    }
    GridConfig grid = Json.read(file, GridConfig.class);
    return grid.models().stream()
        .filter(each -> each.name().equals(model) && each.hook().equals(hook))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "--model, --hook: are %s at %s; the grid of %s has %s"
                    .formatted(
                        model,
                        hook,
                        out,
                        grid.models().stream()
                            .map(each -> each.name() + " at " + each.hook())
                            .collect(Collectors.joining(", ")))));
  }
}
