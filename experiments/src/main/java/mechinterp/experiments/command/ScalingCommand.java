package mechinterp.experiments.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mechinterp scaling}: laws of what autoencoders reach, and what that costs. */
@Command(
    name = "scaling",
    description = "Fit scaling laws of autoencoders and predict with them.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {ScalingFit.class, ScalingPredict.class})
public final class ScalingCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given; choose one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
