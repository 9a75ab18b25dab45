package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.io.Json;
import mechinterp.scaling.FitSettings;
import mechinterp.scaling.HeldOut;
import mechinterp.scaling.LawForm;
import mechinterp.scaling.ScalingLaw;
import mechinterp.scaling.ScalingPoints;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp scaling fit}. */
@Command(
    name = "fit",
    description = {
      "Fit a law to measured autoencoders, or compare all forms by their error on a model that they"
          + " have not seen.",
      "Forms: gao_joint, additive, dimension, unified, cost (docs/scaling_laws.md)."
    })
public final class ScalingFit implements Callable<Integer> {
  @Option(
      names = "--points",
      required = true,
      paramLabel = "FILE",
      description = "JSON lines, a measured autoencoder each.")
  private Path points;

  @Option(
      names = "--form",
      paramLabel = "FORM",
      description = "Form of the law. Default: all, which are compared and not saved.")
  private Optional<String> form = Optional.empty();

  @Option(
      names = "--hold-out",
      paramLabel = "MODEL",
      description = "Model that is predicted by the others. Default: the one of most parameters.")
  private Optional<String> holdOut = Optional.empty();

  @Option(
      names = "--draws",
      paramLabel = "N",
      description = "Draws of the bootstrap. Default: ${DEFAULT-VALUE}.")
  private int draws = FitSettings.defaults().draws();

  @Option(names = "--seed", paramLabel = "N", description = "Of starts and draws. Default: 0.")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where the law of --form is written, fitted to all points.")
  private Optional<Path> out = Optional.empty();

  @Mixin private ResultOutput output;

  /**
   * A form's fit and its test.
   *
   * @param points how many it is fitted to, of cost those of the frontier
   * @param parameters of the law of all points, with their intervals
   * @param heldOutError root of the mean square of ln of predicted over measured loss
   * @param heldOutCoverage share of the held-out measurements within their 95 % interval
   * @param problem why there is no fit, or no test
   */
  record FormResult(
      LawForm form,
      String formula,
      int points,
      Map<String, Parameter> parameters,
      Optional<Double> heldOutError,
      Optional<Double> heldOutCoverage,
      Optional<String> problem) {}

  /** A parameter with its interval. */
  record Parameter(double value, double low, double high) {}

  /** What is printed. */
  record Result(String measure, String heldOut, List<FormResult> forms) {}

  @Override
  public Integer call() throws IOException {
    if (out.isPresent() && form.isEmpty()) {
      throw new IllegalArgumentException("--out: needs --form; only one law is written");
    }
    ScalingPoints measured = ScalingPoints.read(points);
    FitSettings settings = FitSettings.defaults().withDraws(draws).withSeed(seed);
    String model = holdOut.orElse(measured.models().getLast());
    if (!measured.models().contains(model)) {
      throw new IllegalArgumentException(
          "--hold-out: is %s; the points are of %s".formatted(model, measured.models()));
    }
    List<FormResult> results = new ArrayList<>();
    if (form.isPresent()) {
      LawForm chosen = LawForm.of(form.get());
      ScalingPoints used = chosen.pointsOf(measured);
      ScalingLaw law = ScalingLaw.fit(chosen, used, settings);
      results.add(tested(law, used, model, settings));
      if (out.isPresent()) {
        Json.write(out.get(), law);
      }
    } else {
      for (LawForm each : LawForm.values()) {
        results.add(attempt(each, measured, model, settings));
      }
    }
    Result result = new Result(measured.measure(), model, results);
    output.print(result, text(result));
    return 0;
  }

  /** A form that the points do not suffice for is in the table, with the reason. */
  private static FormResult attempt(
      LawForm form, ScalingPoints measured, String model, FitSettings settings) {
    try {
      ScalingPoints used = form.pointsOf(measured);
      return tested(ScalingLaw.fit(form, used, settings), used, model, settings);
    } catch (IllegalArgumentException e) {
      return new FormResult(
          form, form.formula(), 0, Map.of(), Optional.empty(), Optional.empty(), problem(e));
    }
  }

  private static FormResult tested(
      ScalingLaw law, ScalingPoints used, String model, FitSettings settings) {
    Optional<HeldOut> test = Optional.empty();
    Optional<String> problem = Optional.empty();
    try {
      test = Optional.of(HeldOut.of(model, law.form(), used, settings));
    } catch (IllegalArgumentException e) {
      problem = Optional.of("held out: " + e.getMessage());
    }
    return new FormResult(
        law.form(),
        law.form().formula(),
        law.points(),
        parameters(law),
        test.map(HeldOut::error),
        test.map(HeldOut::coverage),
        problem);
  }

  private static Optional<String> problem(IllegalArgumentException e) {
    return Optional.of(String.valueOf(e.getMessage()));
  }

  private static Map<String, Parameter> parameters(ScalingLaw law) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    List<ScalingLaw.Range> intervals = List.copyOf(law.parameterIntervals().values());
    for (int i = 0; i < law.theta().size(); i++) {
      parameters.put(
          law.parameterNames().get(i),
          new Parameter(law.theta().get(i), intervals.get(i).low(), intervals.get(i).high()));
    }
    return parameters;
  }

  private static String text(Result result) {
    StringBuilder text = new StringBuilder();
    TextTable table = new TextTable("form", "points", "error on " + result.heldOut(), "covered");
    for (FormResult form : result.forms()) {
      table.row(
          form.form().field(),
          form.points() == 0 ? "-" : "" + form.points(),
          form.heldOutError().map(error -> number("%.4f", error)).orElse("-"),
          form.heldOutCoverage().map(share -> number("%.0f %%", 100 * share)).orElse("-"));
    }
    text.append(table);
    for (FormResult form : result.forms()) {
      form.problem().ifPresent(problem -> text.append(problem).append('\n'));
    }
    if (result.forms().size() == 1) {
      FormResult only = result.forms().getFirst();
      text.append("%s = %s%n".formatted(result.measure(), only.formula()));
      TextTable parameters = new TextTable("parameter", "value", "low", "high");
      only.parameters()
          .forEach((name, parameter) ->
              parameters.row(
                  name,
                  number("%.4f", parameter.value()),
                  number("%.4f", parameter.low()),
                  number("%.4f", parameter.high())));
      text.append(parameters);
    }
    text.append(
        "error: root mean square of ln(predicted / measured); covered: share of measurements within their 95 % interval");
    return text.toString();
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
