package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import picocli.CommandLine.Option;

/** Where activations come from: exactly one of two options. */
final class ActivationSource {
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

  /**
   * Opens the activations, which the caller closes.
   *
   * @throws IOException when they cannot be read or are damaged
   */
  ActivationStore open() throws IOException {
    return store.isPresent()
        ? ActivationStore.open(store.get())
        : ActivationStore.ofSafetensors(activations.orElseThrow());
  }
}
