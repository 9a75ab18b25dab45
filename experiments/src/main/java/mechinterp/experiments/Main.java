package mechinterp.experiments;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import mechinterp.experiments.command.BenchCommand;
import mechinterp.experiments.command.CircuitCommand;
import mechinterp.experiments.command.CompareCommand;
import mechinterp.experiments.command.DashboardCommand;
import mechinterp.experiments.command.Doctor;
import mechinterp.experiments.command.Eval;
import mechinterp.experiments.command.ExperimentCommand;
import mechinterp.experiments.command.Explain;
import mechinterp.experiments.command.Features;
import mechinterp.experiments.command.Harvest;
import mechinterp.experiments.command.MegabenchCommand;
import mechinterp.experiments.command.ModelCommand;
import mechinterp.experiments.command.NeuronpediaCommand;
import mechinterp.experiments.command.QuickstartCommand;
import mechinterp.experiments.command.SaeCommand;
import mechinterp.experiments.command.ScalingCommand;
import mechinterp.experiments.command.Serve;
import mechinterp.experiments.command.Steer;
import mechinterp.experiments.command.Tokenize;
import mechinterp.experiments.command.Train;
import mechinterp.experiments.console.FailureHandlers;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code mechinterp} command: its sub-commands do the work. */
@Command(
    name = "mechinterp",
    description = "Mechanistic interpretability of language models on the JVM.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      QuickstartCommand.class,
      Harvest.class,
      Train.class,
      Eval.class,
      Features.class,
      DashboardCommand.class,
      Explain.class,
      NeuronpediaCommand.class,
      Steer.class,
      Serve.class,
      CompareCommand.class,
      ScalingCommand.class,
      MegabenchCommand.class,
      ExperimentCommand.class,
      CircuitCommand.class,
      ModelCommand.class,
      SaeCommand.class,
      BenchCommand.class,
      Tokenize.class,
      Doctor.class
    })
public final class Main implements Runnable {

  private static final int HELP_WIDTH = 100;

  @Spec private CommandSpec spec;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Show where in the program an error came from.")
  private boolean stackTrace;

  private Main() {}

  /**
   * Runs the command line and exits with its code: 0 done, 1 internal error, 2 wrong arguments or
   * bad input.
   *
   * @param arguments the words after {@code mechinterp}
   */
  public static void main(String[] arguments) {
    int exitCode = run(writer(System.out), writer(System.err), arguments);
    System.exit(exitCode);
  }

  /**
   * Runs the command line in this JVM.
   *
   * @param out where results go
   * @param err where progress and errors go
   * @param arguments the words after {@code mechinterp}
   * @return the exit code
   */
  public static int run(PrintWriter out, PrintWriter err, String... arguments) {
    Main main = new Main();
    CommandLine commandLine =
        new CommandLine(main)
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setUsageHelpWidth(HELP_WIDTH);
    return FailureHandlers.execute(commandLine, () -> main.stackTrace, arguments);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
  }

  /** Runs without a sub-command: there is nothing to do, so that is an error. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given; choose one of " + String.join(", ", spec.subcommands().keySet()));
  }

  /** Reads the version from the manifest of the jar that this class came from. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "mechinterp " + (version == null ? "(unpackaged)" : version),
        "Java " + System.getProperty("java.runtime.version")
      };
    }
  }
}
