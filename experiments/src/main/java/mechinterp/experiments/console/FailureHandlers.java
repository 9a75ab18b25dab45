package mechinterp.experiments.console;

import java.io.PrintWriter;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The one place where whatever goes wrong in a command becomes one line and an exit code. */
public final class FailureHandlers {
  private FailureHandlers() {}

  /**
   * Runs a command; nothing is thrown.
   *
   * @param stackTrace whether to show where in the program an error came from
   * @return 0, or the exit code of the {@link Failure}
   */
  public static int execute(
      CommandLine commandLine, BooleanSupplier stackTrace, String... arguments) {
    commandLine.setParameterExceptionHandler((wrong, _) -> report(wrong));
    commandLine.setExecutionExceptionHandler(
        (thrown, command, _) -> report(thrown, command.getErr(), stackTrace));
    try {
      return commandLine.execute(arguments);
    } catch (Error thrown) {
      // Picocli hands only exceptions to its handler; out of memory is an error.
      return report(thrown, commandLine.getErr(), stackTrace);
    }
  }

  private static int report(Throwable thrown, PrintWriter err, BooleanSupplier stackTrace) {
    Failure failure = Failure.of(thrown);
    if (stackTrace.getAsBoolean()) {
      thrown.printStackTrace(err);
    }
    return print(err, failure);
  }

  private static int report(ParameterException wrong) {
    CommandLine command = wrong.getCommandLine();
    String suggestions =
        wrong instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()
            ? "; did you mean " + String.join(" or ", unmatched.getSuggestions()) + "?"
            : "";
    String name = command.getCommandSpec().qualifiedName();
    String message =
        decapitalize(Failure.messageOf(wrong)) + suggestions + " (" + name + " --help)";
    return print(command.getErr(), new Failure(Failure.BAD_INPUT, message));
  }

  private static int print(PrintWriter err, Failure failure) {
    err.println("mechinterp: " + failure.message());
    err.flush();
    return failure.exitCode();
  }

  private static String decapitalize(String message) {
    return message.isEmpty()
        ? message
        : Character.toLowerCase(message.charAt(0)) + message.substring(1);
  }
}
