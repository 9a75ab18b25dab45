package mechinterp.experiments.quickstart;

import static mechinterp.experiments.quickstart.QuickstartReport.metric;
import static mechinterp.experiments.quickstart.QuickstartReport.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.analysis.SplicedEmbeddings;
import mechinterp.experiments.report.Report;
import mechinterp.metrics.SplicedLoss;

/** What the report says of the model with reconstructions spliced in. */
final class SplicedFigures {
  private SplicedFigures() {}

  /** Returns the key figure. */
  static Optional<Report.Tile> tile(QuickstartResult result) {
    return result
        .nextToken()
        .map(SplicedFigures::tile)
        .or(() -> result.embedding().map(SplicedFigures::tile));
  }

  private static Report.Tile tile(SplicedLoss.Result loss) {
    return new Report.Tile(
        "Loss recovered",
        text("%.1f %%", 100 * loss.lossRecoveredFromMean()),
        text(
            "cross-entropy %.3f spliced in, %.3f untouched, %.3f with the mean",
            loss.reconstruction().crossEntropy(),
            loss.crossEntropy(),
            loss.meanAblation().crossEntropy()));
  }

  private static Report.Tile tile(SplicedEmbeddings.Result embedding) {
    return new Report.Tile(
        "Embedding cosine",
        text("%.3f", embedding.reconstruction()),
        text("spliced in; the mean alone gives %.3f", embedding.meanAblation()));
  }

  /** Returns all figures with their definitions. */
  static List<Report.Metric> metrics(QuickstartResult result) {
    List<Report.Metric> metrics = new ArrayList<>();
    result.nextToken().ifPresent(loss -> metrics.addAll(metrics(loss)));
    result.embedding().ifPresent(embedding -> metrics.addAll(metrics(embedding)));
    return metrics;
  }

  private static List<Report.Metric> metrics(SplicedLoss.Result loss) {
    return List.of(
        metric(
            "next_token.cross_entropy",
            loss.crossEntropy(),
            text(
                "Mean of −log p(next token) of the untouched model over %,d predictions, in nats.",
                loss.predictions())),
        metric(
            "next_token.reconstruction.cross_entropy",
            loss.reconstruction().crossEntropy(),
            "The same with the activations of all but the special tokens replaced by their reconstructions."),
        metric(
            "next_token.mean_ablation.cross_entropy",
            loss.meanAblation().crossEntropy(),
            "The same with the activations replaced by the mean training activation."),
        metric(
            "next_token.zero_ablation.cross_entropy",
            loss.zeroAblation().crossEntropy(),
            "The same with the activations replaced by zeros."),
        metric(
            "next_token.reconstruction.kl_divergence",
            loss.reconstruction().klDivergence(),
            "Mean over predictions of the sum over tokens of p (log p − log q), p the untouched model's"
                + " distribution, q that with reconstructions."),
        metric(
            "next_token.loss_recovered_from_mean",
            loss.lossRecoveredFromMean(),
            "(mean ablation − reconstruction) / (mean ablation − untouched), of cross-entropies: 1 when nothing is"
                + " lost, 0 when the reconstruction is worth no more than the mean."),
        metric(
            "next_token.loss_recovered_from_zero",
            loss.lossRecoveredFromZero(),
            "The same with zero ablation, the definition of most papers; zeros are easier to beat."));
  }

  private static List<Report.Metric> metrics(SplicedEmbeddings.Result embedding) {
    return List.of(
        metric(
            "embedding.reconstruction",
            embedding.reconstruction(),
            text(
                "Mean cosine over %,d held-out documents between the sentence embedding of the model and that with"
                    + " the activations of all but the special tokens replaced by their reconstructions.",
                embedding.texts())),
        metric(
            "embedding.mean_ablation",
            embedding.meanAblation(),
            "The same with the activations replaced by the mean training activation: what is to be beaten."),
        metric(
            "embedding.recovered",
            embedding.recovered(),
            "(reconstruction − mean_ablation) / (1 − mean_ablation): 1 when nothing is lost, 0 when the"
                + " reconstruction is worth no more than the mean."));
  }
}
