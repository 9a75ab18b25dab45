package mechinterp.experiments.ladder;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import mechinterp.experiments.console.TextTable;
import mechinterp.scaling.Covariate;
import mechinterp.scaling.FitSettings;
import mechinterp.scaling.HeldOut;
import mechinterp.scaling.LawForm;
import mechinterp.scaling.Prediction;
import mechinterp.scaling.ScalingPoint;
import mechinterp.scaling.ScalingPoints;

/**
 * The largest model, predicted by laws that have not seen it. The form is chosen on the second
 * largest model by laws fitted to the smaller ones; then it is fitted to all but the largest.
 *
 * @param measure what is predicted
 * @param model the largest
 * @param chosenOn the second largest
 * @param forms how each form did on the second largest
 * @param test the chosen form on the largest; nothing where no form could be fitted
 */
public record PredictedModel(
    String measure, String model, String chosenOn, List<Form> forms, Optional<HeldOut> test) {
  /** One to fit to, one to choose the form on, one to test on. */
  public static final int LEAST_MODELS = 3;

  private static final double PERCENT = 100;
  private static final double LEVEL = 0.95;

  /**
   * A form on the second largest model.
   *
   * @param error root of the mean square of ln of predicted over measured loss
   * @param problem why there is no error
   */
  public record Form(LawForm form, Optional<Double> error, Optional<String> problem) {}

  /**
   * Fits and predicts.
   *
   * @throws IllegalArgumentException when the points are of fewer than three models
   */
  public static PredictedModel of(ScalingPoints points, FitSettings settings) {
    List<String> models = points.models();
    if (models.size() < LEAST_MODELS) {
      throw new IllegalArgumentException(
          "points: are of %s; a law needs 1 model to fit, 1 to choose its form on and 1 to test it on, so at least %d"
              .formatted(models, LEAST_MODELS));
    }
    String largest = models.getLast();
    String second = models.get(models.size() - 2);
    ScalingPoints smaller = points.ofModel(largest, true);
    List<Form> forms = new ArrayList<>();
    for (LawForm form : LawForm.values()) {
      forms.add(tried(form, second, smaller, settings));
    }
    Optional<LawForm> best =
        forms.stream()
            .filter(form -> form.error().isPresent())
            .min(Comparator.comparing(form -> form.error().orElseThrow()))
            .map(Form::form);
    return new PredictedModel(
        points.measure(),
        largest,
        second,
        forms,
        best.map(form -> HeldOut.of(largest, form, form.pointsOf(points), settings)));
  }

  private static Form tried(
      LawForm form, String model, ScalingPoints points, FitSettings settings) {
    try {
      HeldOut found = HeldOut.of(model, form, form.pointsOf(points), settings);
      return new Form(form, Optional.of(found.error()), Optional.empty());
    } catch (IllegalArgumentException e) {
      return new Form(form, Optional.empty(), Optional.of(String.valueOf(e.getMessage())));
    }
  }

  /** Returns a report in Markdown; its first line says whether the prediction held. */
  public String markdown() {
    StringBuilder text = new StringBuilder(verdict()).append("\n\n");
    TextTable table = new TextTable("form", "error on " + chosenOn, "");
    for (Form form : forms) {
      table.row(
          form.form().field(),
          form.error().map(error -> number("%.3f", error)).orElse("-"),
          form.problem().orElse(""));
    }
    text.append(table.toMarkdown()).append('\n');
    test.ifPresent(found -> text.append(predictions(found).toMarkdown()).append('\n'));
    return text.toString();
  }

  private String verdict() {
    if (test.isEmpty()) {
      return "%s of %s: not predicted, no form could be fitted.".formatted(measure, model);
    }
    HeldOut found = test.get();
    return String.format(
        Locale.ROOT,
        "%s of %s: the prediction %s. Of %d measurements %.0f %% lie within their 95 %% interval; the law (%s) errs by %.1f %% (root mean square).",
        measure,
        model,
        found.coverage() >= LEVEL ? "held" : "MISSED",
        found.points().size(),
        PERCENT * found.coverage(),
        found.law().form().field(),
        PERCENT * Math.expm1(found.error()));
  }

  private static TextTable predictions(HeldOut found) {
    TextTable table =
        new TextTable("kind", "d_sae", "k", "tokens", "seed", "predicted", "interval", "measured");
    for (HeldOut.Tested tested : found.points()) {
      ScalingPoint point = tested.measured();
      Prediction predicted = tested.predicted();
      table.row(
          point.setting().kind(),
          value(point, Covariate.D_SAE),
          value(point, Covariate.K),
          value(point, Covariate.TOKENS),
          "" + point.seed(),
          number("%.4f", predicted.value()),
          number("%.4f", predicted.measuredLow())
              + " to "
              + number("%.4f", predicted.measuredHigh()),
          number("%.4f", point.loss()) + (predicted.covers(point.loss()) ? "" : " (outside)"));
    }
    return table;
  }

  private static String value(ScalingPoint point, Covariate covariate) {
    return Optional.ofNullable(point.setting().values().get(covariate))
        .map(found -> number("%.0f", found))
        .orElse("-");
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
