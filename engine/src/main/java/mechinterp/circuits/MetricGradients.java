package mechinterp.circuits;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;

/** Gradients of the metric at hook points, at the run that values are put into or on the way. */
final class MetricGradients {
  static final HookPoint EMBEDDING = new CircuitNode.Embedding().hook();

  private final TaskRuns runs;
  private final LongConsumer progress;
  private long backwardRuns;

  /**
   * Begins.
   *
   * @param progress is told the number of backward runs so far
   */
  MetricGradients(TaskRuns runs, LongConsumer progress) {
    this.runs = runs;
    this.progress = progress;
  }

  /** Returns the gradients of one run [tokens, width]. */
  Map<HookPoint, FloatMatrix> ofStep(ExampleBatch base, Set<HookPoint> hooks, Step step) {
    return mean(base, hooks, List.of(step));
  }

  /**
   * Returns the mean gradients on the way.
   *
   * @param differences where the way goes, of all that moves: hook points, or the embedding
   */
  Map<HookPoint, FloatMatrix> ofWay(
      ExampleBatch base,
      Set<HookPoint> hooks,
      Map<HookPoint, FloatMatrix> differences,
      Attribution.IntegratedGradients integrated) {
    return switch (integrated.path()) {
      case INPUTS -> mean(base, hooks, steps(integrated, EMBEDDING, differences));
      case ACTIVATIONS -> {
        Map<HookPoint, FloatMatrix> gradients = new LinkedHashMap<>();
        for (HookPoint hook : hooks) {
          gradients.putAll(mean(base, Set.of(hook), steps(integrated, hook, differences)));
        }
        yield gradients;
      }
    };
  }

  private static List<Step> steps(
      Attribution.IntegratedGradients integrated,
      HookPoint moved,
      Map<HookPoint, FloatMatrix> differences) {
    return Step.of(integrated, moved, Optional.ofNullable(differences.get(moved)).orElseThrow());
  }

  private Map<HookPoint, FloatMatrix> mean(
      ExampleBatch base, Set<HookPoint> hooks, List<Step> steps) {
    GradientMean mean = new GradientMean(runs, hooks, steps.size());
    for (Step step : steps) {
      mean.add(base, step);
      progress.accept(++backwardRuns);
    }
    return mean.gradients();
  }
}
