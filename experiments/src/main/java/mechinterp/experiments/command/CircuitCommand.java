package mechinterp.experiments.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mechinterp circuit}: which parts of a model make it answer as it does. */
@Command(
    name = "circuit",
    description = "Find which parts of a model make it answer as it does.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      CircuitNodes.class,
      CircuitEdges.class,
      CircuitFeatures.class,
      CircuitCompare.class,
      CircuitGraph.class,
      CircuitIntervene.class,
      CircuitTaskCommand.class
    })
public final class CircuitCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given; choose one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
