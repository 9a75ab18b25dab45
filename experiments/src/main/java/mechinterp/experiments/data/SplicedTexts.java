package mechinterp.experiments.data;

import java.util.List;
import mechinterp.metrics.PredictionLoss;
import mechinterp.metrics.Splice;
import mechinterp.metrics.UntouchedRun;
import mechinterp.model.TokenBatch;
import mechinterp.sae.Sae;

/** A language model's own runs on texts; every autoencoder is compared with them. */
public final class SplicedTexts {
  private final ModelParts parts;
  private final List<UntouchedRun> runs;
  private final double crossEntropy;

  private SplicedTexts(ModelParts parts, List<UntouchedRun> runs, double crossEntropy) {
    this.parts = parts;
    this.runs = runs;
    this.crossEntropy = crossEntropy;
  }

  /** Runs the model on texts. */
  public static SplicedTexts of(ModelParts parts, List<TokenBatch> texts) {
    List<UntouchedRun> runs =
        texts.stream().map(batch -> UntouchedRun.of(parts.model(), batch)).toList();
    PredictionLoss loss = new PredictionLoss(parts.model());
    runs.forEach(loss::add);
    return new SplicedTexts(parts, runs, loss.crossEntropy());
  }

  /**
   * What reconstructions in the place of activations cost.
   *
   * @param crossEntropy by how much it rises, nats a token
   * @param klDivergence of the predictions from the model's own, nats a token
   */
  public record Rise(double crossEntropy, double klDivergence) {}

  /** Returns what an autoencoder's reconstructions cost. */
  public Rise rise(Sae sae) {
    Splice splice = parts.splice(sae);
    PredictionLoss loss = new PredictionLoss(parts.model());
    runs.forEach(run -> loss.add(run, splice.reconstruction()));
    return new Rise(loss.crossEntropy() - crossEntropy, loss.klDivergence());
  }
}
