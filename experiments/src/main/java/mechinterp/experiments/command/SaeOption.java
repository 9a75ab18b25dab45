package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.SaePlace;
import picocli.CommandLine.Option;

/** Which autoencoder. */
final class SaeOption {
  /** What SAE may be, for the help of options and parameters. */
  static final String DESCRIPTION =
      "Folder or file of any format that docs/sae-files.md lists, or hub:OWNER/NAME[@REVISION]/PATH on the Hugging Face Hub.";

  @Option(names = "--sae", required = true, paramLabel = "SAE", description = DESCRIPTION)
  private String sae;

  /** Returns where it lies, after fetching it from the hub if it is there. */
  Path find(ResultOutput output) throws IOException {
    return SaePlace.find(sae, output.progress());
  }

  @Override
  public String toString() {
    return sae;
  }
}
