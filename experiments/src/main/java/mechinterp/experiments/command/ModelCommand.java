package mechinterp.experiments.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mechinterp model}: what can be done with a language model. */
@Command(
    name = "model",
    description = "Fetch a language model, look at it, run it, or train one.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ModelInfoCommand.class,
      ModelLogits.class,
      ModelGenerate.class,
      ModelLens.class,
      ModelTuneLens.class,
      ModelDownload.class,
      ModelTrain.class
    })
public final class ModelCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given; choose one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
