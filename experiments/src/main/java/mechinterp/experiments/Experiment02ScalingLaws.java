package mechinterp.experiments;

import java.util.stream.Stream;

/** Scaling laws over a ladder of models: {@code mechinterp experiment 02}. */
public final class Experiment02ScalingLaws {
  private Experiment02ScalingLaws() {}

  /** Runs the experiment with the options of the command. */
  public static void main(String[] arguments) {
    Main.main(
        Stream.concat(Stream.of("experiment", "02"), Stream.of(arguments)).toArray(String[]::new));
  }
}
