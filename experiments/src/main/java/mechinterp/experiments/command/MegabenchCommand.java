package mechinterp.experiments.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mechinterp megabench}: a benchmark of autoencoders that knows its own noise. */
@Command(
    name = "megabench",
    description = "Measure kinds of autoencoders on models, with the noise of every metric.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {MegabenchRun.class, MegabenchReport.class, MegabenchAdd.class})
public final class MegabenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given; choose one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
