package mechinterp.experiments.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mechinterp experiment}: what the project's claims rest on, each by one command. */
@Command(
    name = "experiment",
    description = "Run one of the project's experiments (docs/experiments_guide.md).",
    synopsisSubcommandLabel = "EXPERIMENT",
    subcommands = {ScalingExperiment.class})
public final class ExperimentCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no experiment given; choose one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
