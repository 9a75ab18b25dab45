package mechinterp.analysis.steering;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.metrics.PredictionLoss;
import mechinterp.metrics.UntouchedRun;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * Wanted effect against side effect: how likely wanted tokens become after a prompt, and how far
 * predictions on unrelated text go from those of the untouched model, whose hidden states are kept.
 */
public final class DoseResponse {
  private final Transformer model;
  private final int[] prompt;
  private final Set<Integer> targets;
  private final List<UntouchedRun> unrelated = new ArrayList<>();
  private final PredictionLoss clean;

  /**
   * Measures the untouched model.
   *
   * @param model a language model
   * @param prompt its tokens
   * @param targets the tokens that are wanted after it
   * @param unrelated text on which nothing should change
   * @throws IllegalArgumentException when the unrelated text has no token to predict
   */
  public DoseResponse(
      Transformer model, int[] prompt, Set<Integer> targets, List<TokenBatch> unrelated) {
    this.model = model;
    this.prompt = prompt.clone();
    this.targets = Set.copyOf(targets);
    this.clean = new PredictionLoss(model);
    for (TokenBatch batch : unrelated) {
      UntouchedRun run = UntouchedRun.of(model, batch);
      this.unrelated.add(run);
      clean.add(run);
    }
    if (clean.predictions() == 0) {
      throw new IllegalArgumentException(
          "unrelated text: has no token to predict; it must have two at least");
    }
  }

  /** Returns the predictions on unrelated text that figures are means of. */
  public long predictions() {
    return clean.predictions();
  }

  /** Returns the untouched model's cross-entropy on unrelated text. */
  public double cleanCrossEntropy() {
    return clean.crossEntropy();
  }

  /** Returns how likely the wanted tokens are after the prompt, of the untouched model. */
  public double cleanTargetProbability() {
    return targetProbability(Map.of());
  }

  /**
   * Measures an intervention.
   *
   * @param strength what the result shall call it
   */
  public Dose measure(double strength, Intervention intervention) {
    PredictionLoss changed = new PredictionLoss(model);
    unrelated.forEach(run -> changed.add(run, intervention.edits()));
    return new Dose(
        strength,
        targetProbability(intervention.edits()),
        changed.klDivergence(),
        changed.crossEntropy() - clean.crossEntropy());
  }

  private double targetProbability(Map<HookPoint, Edit> edits) {
    Device device = model.device();
    FloatMatrix hidden = model.run(TokenBatch.ofIds(List.of(prompt)), Set.of(), edits).output();
    FloatMatrix logits = model.logits(hidden.row(prompt.length - 1));
    device.kernels().softmax(logits, logits);
    float[] probabilities = device.toHost(logits);
    return targets.stream().mapToDouble(id -> probabilities[id]).sum();
  }
}
