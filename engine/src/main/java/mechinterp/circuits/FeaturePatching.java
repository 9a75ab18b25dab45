package mechinterp.circuits;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import mechinterp.device.MemoryPlan;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;

/**
 * Exact effects of latents and errors: one of them is replaced in the run, everything behind it is
 * computed as it follows, and the metric is read again:
 *
 * <pre>
 *   x' = x + (f_i replaced - f_i) W_dec[i]        a latent
 *   x' = x + error replaced - error               an error
 *   effect = metric(with x') - metric(base run)
 * </pre>
 *
 * A run for each node and example in which it changes. Source: Marks et al. 2024
 * (arXiv:2403.19647).
 */
public final class FeaturePatching {
  private final FeatureRuns features;
  private final LongConsumer progress;

  /**
   * Runs the prompts without patches.
   *
   * @param progress is told the number of patched prompts so far
   * @throws IllegalArgumentException when the model cannot read the task, or positions are asked
   *     for and the prompts differ in length
   */
  public FeaturePatching(
      FeatureModel model, CircuitTask task, FeatureSettings settings, LongConsumer progress) {
    this.features = new FeatureRuns(model, task, settings);
    this.progress = progress;
  }

  /**
   * Returns the latents that change on some prompt, and the errors, in the order of computation.
   */
  public List<FeatureNode> nodes() {
    return List.copyOf(features.nodes());
  }

  /** Returns the memory that it takes besides the weights. */
  public MemoryPlan plan() {
    TaskRuns runs = features.runs();
    return features.plan("feature patching", runs.model().memoryPlan(runs.settings().maxTokens()));
  }

  /** Returns the effects of all nodes. */
  public Effects<FeatureNode> effects() {
    return effects(nodes());
  }

  /**
   * Returns the effects of nodes.
   *
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public Effects<FeatureNode> effects(List<FeatureNode> nodes) {
    TaskRuns runs = features.runs();
    plan().requireFits(runs.device());
    double[][] effects = new double[nodes.size()][runs.task().examples().size()];
    long done = 0;
    for (List<Integer> members : runs.chunks()) {
      Changes changes = new Changes(features.chunk(members), nodes);
      for (List<Patch<FeatureNode>> patches :
          Patch.batches(nodes, changes.base, runs.settings().maxTokens(), changes::isThere)) {
        Patch.run(runs, effects, patches, FeatureNode::hook, changes::put);
        done += patches.size();
        progress.accept(done);
      }
    }
    return new Effects<>(nodes, effects, runs.baseline());
  }

  /** Where nodes change in some examples. */
  private final class Changes {
    private final ExampleBatch base;
    private final Map<HookPoint, SiteChange> sites = new HashMap<>();
    private final List<BitSet> sequences = new ArrayList<>();

    Changes(FeatureRuns.Chunk chunk, List<FeatureNode> nodes) {
      base = chunk.base();
      Map<FeatureNode, BitSet> ofNodes = new HashMap<>();
      for (SiteChange site : chunk.sites()) {
        sites.put(site.hook(), site);
        for (int s = 0; s < base.sequences(); s++) {
          collect(ofNodes, site, s);
        }
      }
      nodes.forEach(node -> sequences.add(ofNodes.getOrDefault(node, new BitSet())));
    }

    private void collect(Map<FeatureNode, BitSet> ofNodes, SiteChange site, int sequence) {
      for (int row = base.tokens().start(sequence); row < base.tokens().end(sequence); row++) {
        int position = base.tokens().position(row);
        for (int i = site.codes().start(row); i < site.codes().end(row); i++) {
          FeatureNode node = features.node(site.hook(), site.codes().latent(i), position);
          ofNodes.computeIfAbsent(node, _ -> new BitSet()).set(sequence);
        }
        FeatureNode error = features.node(site.hook(), -1, position);
        ofNodes.computeIfAbsent(error, _ -> new BitSet()).set(sequence);
      }
    }

    boolean isThere(int item, int sequence) {
      return sequences.get(item).get(sequence);
    }

    void put(Patch<FeatureNode> patch, FloatMatrix rows) {
      FeatureNode node = patch.what();
      int start = base.tokens().start(patch.sequence());
      int from = node.position().orElse(0);
      int to = node.position().isPresent() ? from + 1 : rows.rows();
      Optional.ofNullable(sites.get(node.hook()))
          .orElseThrow()
          .put(rows.rowRange(from, to), node, start + from, start + to);
    }
  }
}
