package mechinterp.circuits;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.tensor.FloatMatrix;

/**
 * A model of which only some latents and errors run on the clean prompt: at every autoencoder
 *
 * <pre>
 *   x' = sum over kept i of f_i W_dec[i] + sum over the others of (f_i replaced) W_dec[i]
 *        + error, or error replaced
 * </pre>
 *
 * with f and error as they are in this run, so that what is taken away early is missed later. What
 * changes on no prompt of the task keeps the value that it has there. Source: Marks et al. 2024
 * (arXiv:2403.19647).
 */
public final class PartialFeatures implements PartialModel<FeatureNode> {
  private final FeatureRuns features;
  private final TaskRuns runs;
  private final List<FeatureRuns.Chunk> chunks = new ArrayList<>();
  private final double[] nothing;

  /**
   * Runs the prompts.
   *
   * @throws IllegalArgumentException when the model cannot read the task, or positions are asked
   *     for and the prompts differ in length
   * @throws mechinterp.device.InsufficientMemoryException when the values of all prompts do not fit
   */
  public PartialFeatures(FeatureModel model, CircuitTask task, FeatureSettings settings) {
    features = new FeatureRuns(model, task, settings);
    runs = features.runs();
    features
        .plan("feature circuit", runs.model().memoryPlan(runs.tokensAtOnce()))
        .requireFits(runs.device());
    runs.chunks().forEach(members -> chunks.add(features.chunk(members)));
    nothing = metric(new HashSet<>(features.nodes()));
  }

  /** Returns all that can be taken away, in the order of computation. */
  public List<FeatureNode> nodes() {
    return List.copyOf(features.nodes());
  }

  @Override
  public double[] whole() {
    return runs.unpatched();
  }

  @Override
  public double[] nothing() {
    return nothing.clone();
  }

  @Override
  public double[] metric(Set<FeatureNode> removed) {
    double[] metrics = new double[runs.task().examples().size()];
    for (FeatureRuns.Chunk chunk : chunks) {
      Map<HookPoint, Edit> edits = new HashMap<>();
      for (SiteChange site : chunk.sites()) {
        edits.put(site.hook(), (x, batch) -> mix(x, batch, site, removed));
      }
      double[] some = runs.run(chunk.base(), edits);
      for (int s = 0; s < some.length; s++) {
        metrics[chunk.base().members().get(s)] = some[s];
      }
    }
    return metrics;
  }

  private void mix(FloatMatrix x, TokenBatch batch, SiteChange site, Set<FeatureNode> removed) {
    SiteValues now = SiteValues.of(runs.model(), site.site().sae(), x, batch);
    TokenCodes mixed =
        now.codes()
            .merge(
                site.source().codes(),
                (row, latent, mine, source) ->
                    isKept(site.hook(), latent, batch.position(row), removed) ? mine : source);
    runs.kernels().copy(x, now.error());
    for (int row = 0; row < x.rows(); row++) {
      if (!isKept(site.hook(), -1, batch.position(row), removed)) {
        runs.kernels().copy(x.row(row), site.source().error().row(row));
      }
    }
    SiteValues.add(x, site.site().sae(), mixed);
  }

  private boolean isKept(HookPoint hook, int latent, int position, Set<FeatureNode> removed) {
    FeatureNode node = features.node(hook, latent, position);
    return features.item(node).isPresent() && !removed.contains(node);
  }
}
