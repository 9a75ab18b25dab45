package mechinterp.circuits;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import mechinterp.device.MemoryPlan;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/** A model with autoencoders on the prompts of a task, taken apart. */
final class FeatureRuns {
  private static final Comparator<FeatureNode> LATENTS_THEN_ERROR =
      Comparator.comparingInt((FeatureNode node) -> node.latent().orElse(Integer.MAX_VALUE))
          .thenComparingInt(node -> node.position().orElse(-1));

  private final FeatureModel features;
  private final FeatureSettings settings;
  private final TaskRuns runs;
  private final Set<HookPoint> hooks;
  private final Map<HookPoint, MeanValues> means = new HashMap<>();
  private final List<FeatureNode> nodes = new ArrayList<>();
  private final Map<FeatureNode, Integer> items = new HashMap<>();
  private long codeColumns;

  /**
   * Runs all prompts and looks for the nodes.
   *
   * @throws IllegalArgumentException when the model cannot read the task, or positions are asked
   *     for and the prompts differ in length
   */
  FeatureRuns(FeatureModel features, CircuitTask task, FeatureSettings settings) {
    this.features = features;
    this.settings = settings;
    this.hooks = new LinkedHashSet<>(features.hooks());
    if (settings.byPosition()) {
      task.requireOneLength();
    }
    this.runs = new TaskRuns(features.model(), task, settings.runs());
    if (settings.replacement() == Replacement.MEAN) {
      takeMeans();
    }
    findNodes();
  }

  /** Some examples, taken apart at every site. */
  record Chunk(ExampleBatch base, List<SiteChange> sites) {}

  FeatureModel features() {
    return features;
  }

  TaskRuns runs() {
    return runs;
  }

  /** Returns whether values of the other prompt take the place of nodes. */
  boolean isCorrupted() {
    return settings.replacement() == Replacement.CORRUPT;
  }

  /** Returns all hook points of autoencoders. */
  Set<HookPoint> hooks() {
    return hooks;
  }

  /**
   * Returns the latents that change on some prompt, and the errors, in the order of computation.
   */
  List<FeatureNode> nodes() {
    return nodes;
  }

  private void takeMeans() {
    Map<HookPoint, MeanValues.Sums> sums = new HashMap<>();
    for (List<Integer> members : runs.chunks()) {
      ExampleBatch batch = ExampleBatch.clean(runs.task(), members);
      Activations found = runs.capture(batch, hooks);
      for (FeatureSite site : features.sites()) {
        sums.computeIfAbsent(site.hook(), _ -> new MeanValues.Sums(site.sae()))
            .add(values(site, found.at(site.hook()), batch), features.model(), batch.tokens());
      }
    }
    sums.forEach((hook, sum) -> means.put(hook, sum.means()));
  }

  private void findNodes() {
    Map<HookPoint, TreeSet<FeatureNode>> found = new HashMap<>();
    Map<HookPoint, Integer> columns = new HashMap<>();
    for (List<Integer> members : runs.chunks()) {
      Chunk chunk = chunk(members);
      for (SiteChange site : chunk.sites()) {
        find(
            found.computeIfAbsent(site.hook(), _ -> new TreeSet<>(LATENTS_THEN_ERROR)),
            site,
            chunk.base());
        columns.merge(site.hook(), site.codes().longestRow(), Math::max);
      }
    }
    for (HookPoint hook : hooks) {
      nodes.addAll(Optional.ofNullable(found.get(hook)).orElseThrow());
      codeColumns += 2L * columns.getOrDefault(hook, 0);
    }
    for (int item = 0; item < nodes.size(); item++) {
      items.put(nodes.get(item), item);
    }
  }

  private void find(Set<FeatureNode> found, SiteChange site, ExampleBatch batch) {
    for (int row = 0; row < site.codes().rows(); row++) {
      for (int i = site.codes().start(row); i < site.codes().end(row); i++) {
        found.add(node(site.hook(), site.codes().latent(i), batch.tokens().position(row)));
      }
      found.add(node(site.hook(), -1, batch.tokens().position(row)));
    }
  }

  /**
   * Returns the node of a latent at a place.
   *
   * @param latent its number, or -1 for the error
   */
  FeatureNode node(HookPoint hook, int latent, int position) {
    return new FeatureNode(
        hook,
        latent < 0 ? OptionalInt.empty() : OptionalInt.of(latent),
        settings.byPosition() ? OptionalInt.of(position) : OptionalInt.empty());
  }

  /** Returns the number of a node among {@link #nodes}; of one that never changes nothing. */
  Optional<Integer> item(FeatureNode node) {
    return Optional.ofNullable(items.get(node));
  }

  /** Runs some examples and takes them apart. */
  Chunk chunk(List<Integer> members) {
    ExampleBatch base = runs.base(members);
    Activations before = runs.capture(base, hooks);
    ExampleBatch twins = runs.source(members);
    Optional<Activations> after =
        isCorrupted() ? Optional.of(runs.capture(twins, hooks)) : Optional.empty();
    List<SiteChange> sites = new ArrayList<>();
    for (FeatureSite site : features.sites()) {
      FloatMatrix x = before.at(site.hook());
      SiteValues mine = values(site, x, base);
      SiteValues source =
          switch (settings.replacement()) {
            case CORRUPT -> values(site, after.orElseThrow().at(site.hook()), twins);
            case ZERO -> zeros(site, x, base);
            case MEAN ->
                Optional.ofNullable(means.get(site.hook()))
                    .orElseThrow()
                    .values(mine, features.model(), base.tokens());
          };
      sites.add(new SiteChange(site, mine, source));
    }
    return new Chunk(base, sites);
  }

  SiteValues values(FeatureSite site, FloatMatrix x, ExampleBatch batch) {
    return SiteValues.of(features.model(), site.sae(), x, batch.tokens());
  }

  private SiteValues zeros(FeatureSite site, FloatMatrix x, ExampleBatch batch) {
    TokenCodes.Builder none = new TokenCodes.Builder(site.sae().dSae());
    for (int row = 0; row < x.rows(); row++) {
      none.endRow();
    }
    return new SiteValues(
        none.build(), SiteValues.bare(features.model(), site.sae(), x, batch.tokens()));
  }

  /** Returns a plan with what is held of examples that are taken apart. */
  MemoryPlan plan(String purpose, MemoryPlan run) {
    int most =
        features.sites().stream()
            .map(FeatureSite::sae)
            .mapToInt(Sae::maxActive)
            .max()
            .orElseThrow();
    MemoryPlan plan =
        MemoryPlan.empty(purpose)
            .and("run", run)
            .withMatrix("codes of a chunk", SiteValues.CHUNK, 2L * most)
            .withMatrix("changes of latents", runs.tokensAtOnce(), codeColumns);
    plan = runs.withCaptures(plan, "clean values", hooks);
    plan = runs.withCaptures(plan, "corrupted values", hooks);
    plan = runs.withCaptures(plan, "errors", hooks);
    plan = runs.withCaptures(plan, "errors of what is put in", hooks);
    return runs.withCaptures(plan, "changes of errors", hooks);
  }
}
