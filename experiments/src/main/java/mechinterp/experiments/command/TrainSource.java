package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.experiments.run.DataSettings;
import mechinterp.experiments.run.TrainingData;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Where activations to train on come from: stored ones, or a text that a model reads meanwhile. */
final class TrainSource {
  @Option(
      names = "--store",
      required = true,
      paramLabel = "STORE",
      description = "Folder that harvest wrote.")
  private Optional<Path> store = Optional.empty();

  @Option(
      names = "--activations",
      required = true,
      paramLabel = "FILE",
      description = "Safetensors file with a tensor activations [n, d_in].")
  private Optional<Path> activations = Optional.empty();

  @ArgGroup(
      exclusive = false,
      multiplicity = "1",
      heading = "Activations straight from a model, without a store:%n")
  private @Nullable ModelText streamed;

  /** Returns whether the activations come straight from a model. */
  boolean isStreamed() {
    return streamed != null;
  }

  /** What to do with activations while they can be read. */
  @FunctionalInterface
  interface Use {
    void on(TrainingData data) throws IOException;
  }

  /**
   * Opens the activations, uses them and closes them.
   *
   * @throws IOException when they cannot be read or are damaged
   */
  void use(DataSettings settings, Device device, Use use) throws IOException {
    if (streamed != null) {
      try (TrainingData data =
          TrainingData.of(settings, streamed.harvester(device), streamed.corpus())) {
        use.on(data);
      }
    } else {
      try (ActivationStore opened = open();
          TrainingData data = TrainingData.of(settings, opened, device)) {
        use.on(data);
      }
    }
  }

  private ActivationStore open() throws IOException {
    return store.isPresent()
        ? ActivationStore.open(store.get())
        : ActivationStore.ofSafetensors(activations.orElseThrow());
  }
}
