package mechinterp.experiments.megabench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mechinterp.experiments.data.ModelParts;
import mechinterp.megabench.Metric;
import mechinterp.metrics.PredictionLoss;
import mechinterp.metrics.Splice;
import mechinterp.metrics.UntouchedRun;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.sae.Sae;

/** A language model that goes on with reconstructions; groups are of a few texts each. */
final class SpliceTask {
  private static final int TEXTS_AT_ONCE = 4;

  private final ModelParts parts;
  private final List<UntouchedRun> untouched = new ArrayList<>();
  private final List<Losses> clean = new ArrayList<>();
  private final List<Losses> zeros = new ArrayList<>();
  private final List<Losses> means = new ArrayList<>();

  private SpliceTask(ModelParts parts) {
    this.parts = parts;
  }

  /** Sums over the predictions of a batch. */
  private record Losses(double crossEntropy, double divergence, long predictions) {
    static Losses of(PredictionLoss loss) {
      long number = loss.predictions();
      return number == 0
          ? new Losses(0, 0, 0)
          : new Losses(number * loss.crossEntropy(), number * loss.klDivergence(), number);
    }
  }

  /**
   * Runs the model untouched and with both ablations.
   *
   * @param any any autoencoder of the hook point's width; the ablations need none
   */
  static SpliceTask of(ModelParts parts, Sae any) throws IOException {
    SpliceTask task = new SpliceTask(parts);
    Splice splice = parts.splice(any);
    for (TokenBatch batch : parts.splicedTexts(TEXTS_AT_ONCE)) {
      UntouchedRun run = UntouchedRun.of(parts.model(), batch);
      task.untouched.add(run);
      PredictionLoss loss = new PredictionLoss(parts.model());
      loss.add(run);
      task.clean.add(Losses.of(loss));
      task.zeros.add(task.edited(run, splice.zeroAblation()));
      task.means.add(task.edited(run, splice.meanAblation()));
    }
    return task;
  }

  private Losses edited(UntouchedRun run, Map<HookPoint, Edit> edits) {
    PredictionLoss loss = new PredictionLoss(parts.model());
    loss.add(run, edits);
    return Losses.of(loss);
  }

  /** Measures. */
  void measure(Readings readings, Sae sae) {
    Splice splice = parts.splice(sae);
    Readings.Sums rise = new Readings.Sums();
    Readings.Sums divergence = new Readings.Sums();
    Readings.Sums fromZero = new Readings.Sums();
    Readings.Sums fromMean = new Readings.Sums();
    for (int i = 0; i < untouched.size(); i++) {
      Losses spliced = edited(untouched.get(i), splice.reconstruction());
      Losses own = clean.get(i);
      rise.add(i, spliced.crossEntropy() - own.crossEntropy(), (double) own.predictions());
      divergence.add(i, spliced.divergence(), (double) own.predictions());
      addRecovered(fromZero, i, zeros.get(i), spliced, own);
      addRecovered(fromMean, i, means.get(i), spliced, own);
    }
    readings.put(Metric.CE_RISE, rise);
    readings.put(Metric.KL, divergence);
    readings.put(Metric.LOSS_RECOVERED_FROM_ZERO, fromZero);
    readings.put(Metric.LOSS_RECOVERED_FROM_MEAN, fromMean);
  }

  private static void addRecovered(
      Readings.Sums sums, int i, Losses ablated, Losses spliced, Losses own) {
    sums.add(
        i,
        ablated.crossEntropy() - spliced.crossEntropy(),
        ablated.crossEntropy() - own.crossEntropy());
  }
}
