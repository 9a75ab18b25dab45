package mechinterp.experiments;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The {@code mechinterp} command: its sub-commands do the work. */
@Command(
    name = "mechinterp",
    description = "Mechanistic interpretability of language models on the JVM.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
public final class Main implements Runnable {

  @Spec private CommandSpec spec;

  private Main() {}

  /**
   * Runs the command line and exits with its code: 0 done, 1 failed, 2 wrong arguments or bad
   * input.
   *
   * @param arguments the words after {@code mechinterp}
   */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Main()).execute(arguments));
  }

  /** Runs without a sub-command: there is nothing to do, so the usage is shown as an error. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "mechinterp: no command given");
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
