package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeFiles;
import picocli.CommandLine.Option;

/** Whether latents are chosen by a selector. */
final class SelectorOption {
  @Option(
      names = "--selector",
      description =
          "Look only at latents on the shortlist of the selector in the folder, which sae distill"
              + " made.")
  private boolean selector;

  /**
   * Checks that no selector was asked for.
   *
   * @throws IllegalArgumentException naming the kind, which has none
   */
  void requireNone(String architecture) {
    if (selector) {
      throw new IllegalArgumentException(
          "--selector: the autoencoder is %s, which no selector serves".formatted(architecture));
    }
  }

  /**
   * Returns the autoencoder, with the selector if it was asked for.
   *
   * @param folder where the autoencoder lies
   * @throws IOException when there is no selector or it cannot be read
   */
  Sae apply(Sae sae, Path folder) throws IOException {
    return selector ? SaeFiles.withSelector(sae, folder) : sae;
  }
}
