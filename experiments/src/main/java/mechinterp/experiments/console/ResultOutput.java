package mechinterp.experiments.console;

import mechinterp.io.Json;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** A command's results: text, or with {@code --json} exactly one JSON object on standard output. */
public final class ResultOutput {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--json",
      description = "Print one JSON object on standard output, everything else on standard error.")
  private boolean json;

  /**
   * Prints a result in the form that was asked for.
   *
   * @param result a record
   * @param text the same for people
   */
  public void print(Object result, String text) {
    var out = spec.commandLine().getOut();
    out.println(json ? Json.pretty(result) : text.stripTrailing());
    out.flush();
  }

  /**
   * Prints a piece of a text as it comes, unless JSON was asked for; {@link #print} ends it.
   *
   * @param piece not a whole line
   */
  public void stream(String piece) {
    if (!json) {
      spec.commandLine().getOut().print(piece);
      spec.commandLine().getOut().flush();
    }
  }

  /** Returns where progress goes. */
  public Progress.Display progress() {
    return Progress.Display.of(spec.commandLine().getErr());
  }
}
