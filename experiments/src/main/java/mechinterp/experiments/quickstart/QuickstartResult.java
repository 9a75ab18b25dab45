package mechinterp.experiments.quickstart;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.analysis.SplicedEmbeddings;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.metrics.SplicedLoss;
import mechinterp.training.StepMetrics;

/**
 * What a quickstart found: the content of {@code result.json}.
 *
 * @param id the run
 * @param model name and hash of the model
 * @param hook where the activations were taken
 * @param text what was read
 * @param trainTokens different tokens that were trained on
 * @param heldOutTokens tokens of other documents that were measured on
 * @param metricsVersion version of the metrics' definitions
 * @param heldOut reconstruction of the held-out activations
 * @param embedding what sentence embeddings of held-out documents keep, of a sentence encoder
 * @param nextToken how well the next token of held-out documents is predicted, of a language model
 * @param lastStep training metrics of the last batch
 * @param features latents that the report shows
 * @param seconds time of each stage, and of all together as {@code total}
 */
public record QuickstartResult(
    String id,
    String model,
    String hook,
    String text,
    int trainTokens,
    int heldOutTokens,
    int metricsVersion,
    ReconstructionMetrics heldOut,
    Optional<SplicedEmbeddings.Result> embedding,
    Optional<SplicedLoss.Result> nextToken,
    StepMetrics lastStep,
    List<Integer> features,
    Map<String, Double> seconds) {}
