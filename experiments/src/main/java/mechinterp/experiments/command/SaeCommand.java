package mechinterp.experiments.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mechinterp sae}: what can be done with a saved autoencoder alone. */
@Command(
    name = "sae",
    description = "Look at a sparse autoencoder in a file, convert it, encode and decode with it.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      SaeInfo.class,
      SaeConvert.class,
      SaeVerify.class,
      SaeEncode.class,
      SaeDecode.class,
      SaeDistill.class,
      SaeCalibrate.class
    })
public final class SaeCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given; choose one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
