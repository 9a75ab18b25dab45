package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import mechinterp.circuits.CircuitFidelity;
import mechinterp.circuits.Effects;
import mechinterp.circuits.PartialModel;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.report.CircuitFigures;
import mechinterp.experiments.report.SvgFile;
import picocli.CommandLine.Option;

/** How faithful circuits of growing size are. */
final class CurveOptions {
  private static final int CONTROLS = 10;

  @Option(
      names = "--curve",
      description =
          "Measure faithfulness and completeness of circuits of growing size beside random ones.")
  private boolean isWanted;

  @Option(
      names = "--figure",
      paramLabel = "SVG",
      description = "Draw them into a file; goes with --curve.")
  private Optional<Path> figure = Optional.empty();

  /** Measures the curve, where it is wanted. */
  <T> Optional<CircuitFidelity.Curve> measure(
      Supplier<PartialModel<T>> model, Effects<T> effects, ResultOutput output) {
    if (!isWanted) {
      return Optional.empty();
    }
    CircuitFidelity<T> fidelity = new CircuitFidelity<>(model.get(), CONTROLS, 0);
    long circuits = (long) CircuitFidelity.SHARES.size() * (CONTROLS + 2);
    try (Progress progress = output.progress().start("faithfulness", circuits, "circuits")) {
      return Optional.of(fidelity.of(effects, progress::update));
    }
  }

  /**
   * Checks the options, before any work.
   *
   * @throws IllegalArgumentException when there shall be a figure of no curve
   */
  void requireCurve() {
    if (figure.isPresent() && !isWanted) {
      throw new IllegalArgumentException("--figure: is given without --curve; it draws the curve");
    }
  }

  /**
   * Draws the curve, where that is wanted.
   *
   * @param parts what circuits are made of
   */
  void draw(Optional<CircuitFidelity.Curve> curve, String parts) throws IOException {
    if (figure.isPresent() && curve.isPresent()) {
      Files.writeString(figure.get(), SvgFile.of(CircuitFigures.faithfulness(curve.get(), parts)));
    }
  }
}
