package mechinterp.circuits.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.tensor.FloatMatrix;

/**
 * Makes the attribution graph of a prompt: rows of effects on the likeliest next tokens, then on
 * the latents with the largest influence on them by the rows that are there, some batches at a
 * time.
 *
 * <p>Source: circuit-tracer (Hanna et al. 2025), whose order of batches this is.
 */
public final class GraphBuilder {
  private static final int BATCHES_OF_A_RANKING = 4;

  private final LocalReplacementModel local;
  private final GraphSettings settings;
  private final Sources sources;
  private final List<GraphNode> nodes;
  private final int maxNodes;

  /** Looks at what is active. */
  public GraphBuilder(LocalReplacementModel local, GraphSettings settings) {
    this.local = local;
    this.settings = settings;
    this.sources = new Sources(local);
    this.nodes = sources.nodes();
    this.maxNodes = Math.min(settings.maxNodes(), sources.latents());
  }

  /** Returns how many latents are active, of which the graph takes those with most influence. */
  public int activeLatents() {
    return sources.latents();
  }

  private long allRowBytes() {
    return (long) Float.BYTES * sources.size() * (maxNodes + settings.maxLogits());
  }

  /** Returns how many bytes go to a temporary file at most. */
  public long spilledBytes() {
    return Math.max(0, allRowBytes() - settings.rowBytes());
  }

  private int maxTokens() {
    int targets = Math.max(maxNodes, settings.maxLogits());
    return (int) Math.min(settings.maxTokens(), (long) targets * local.tokens());
  }

  /** Returns the memory that it takes besides the weights and the local replacement model. */
  public MemoryPlan plan() {
    Device device = local.model().device();
    int copies = DirectEffects.copies(local.tokens(), maxTokens());
    long tokens = (long) copies * local.tokens();
    return MemoryPlan.empty("attribution graph on " + device.name())
        .with(
            "run of %d copies of the prompt".formatted(copies),
            local.model().gradientMemoryPlan(Math.toIntExact(tokens)).total())
        .withMatrix("gradients", tokens, 2L * local.model().config().dModel())
        .withMatrix("rows of a batch", copies, sources.size())
        .with("rows of effects", Math.min(allRowBytes(), settings.rowBytes()));
  }

  /**
   * Makes the graph.
   *
   * @param progress hears how many latents are done
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   * @throws java.io.UncheckedIOException when rows cannot be spilled
   */
  public AttributionGraph build(LongConsumer progress) {
    plan().requireFits(local.model().device());
    EdgeRows rows = new EdgeRows(sources.size(), settings.rowBytes());
    try (DirectEffects effects = new DirectEffects(local, sources, maxTokens())) {
      Growth growth = new Growth(effects, rows, logits());
      growth.addLogits();
      growth.addLatents(progress);
      return growth.graph();
    } catch (RuntimeException e) {
      rows.close();
      throw e;
    }
  }

  private List<GraphNode.Logit> logits() {
    Device device = local.model().device();
    FloatMatrix logits = local.logits();
    device.kernels().softmax(logits, logits);
    float[] probabilities = device.toHost(logits);
    int[] best =
        IntStream.range(0, probabilities.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer id) -> -probabilities[id]))
            .limit(settings.maxLogits())
            .mapToInt(Integer::intValue)
            .toArray();
    List<GraphNode.Logit> chosen = new ArrayList<>();
    double mass = 0;
    for (int i = 0; i < best.length && mass < settings.logitMass(); i++) {
      chosen.add(new GraphNode.Logit(local.tokens() - 1, best[i], probabilities[best[i]]));
      mass += probabilities[best[i]];
    }
    return chosen;
  }

  /** A graph that gets more and more rows. */
  private final class Growth {
    private final DirectEffects effects;
    private final EdgeRows rows;
    private final List<GraphNode.Logit> logits;
    private final int[] rowOf = new int[sources.latents()];
    private final List<Double> sums = new ArrayList<>();
    private int done;

    Growth(DirectEffects effects, EdgeRows rows, List<GraphNode.Logit> logits) {
      this.effects = effects;
      this.rows = rows;
      this.logits = logits;
      Arrays.fill(rowOf, -1);
    }

    void addLogits() {
      for (int from = 0; from < logits.size(); from += effects.copies()) {
        int to = Math.min(logits.size(), from + effects.copies());
        add(List.copyOf(logits.subList(from, to)));
      }
    }

    private void add(List<GraphNode> targets) {
      for (float[] row : effects.of(targets)) {
        double sum = 0;
        for (float effect : row) {
          sum += effect;
        }
        sums.add(sum);
        rows.add(row);
      }
    }

    void addLatents(LongConsumer progress) {
      while (done < maxNodes) {
        int[] next = next(Math.min(BATCHES_OF_A_RANKING * effects.copies(), maxNodes - done));
        for (int from = 0; from < next.length; from += effects.copies()) {
          int[] batch =
              Arrays.copyOfRange(next, from, Math.min(next.length, from + effects.copies()));
          for (int i = 0; i < batch.length; i++) {
            rowOf[batch[i]] = rows.rows() + i;
          }
          add(Arrays.stream(batch).mapToObj(nodes::get).toList());
          done += batch.length;
          progress.accept(done);
        }
      }
    }

    /** Returns the latents without a row that have the largest influence, the largest first. */
    private int[] next(int count) {
      IntStream open = IntStream.range(0, rowOf.length).filter(latent -> rowOf[latent] < 0);
      if (maxNodes == sources.latents()) {
        return open.limit(count).toArray();
      }
      double[] influence = influence();
      return open.boxed()
          .sorted(Comparator.comparingDouble((Integer latent) -> -influence[latent]))
          .limit(count)
          .mapToInt(Integer::intValue)
          .toArray();
    }

    private double[] influence() {
      InfluenceFlow flow = new InfluenceFlow(sources.size());
      for (int i = 0; i < logits.size(); i++) {
        flow.spread(rows.get(i), logits.get(i).probability());
      }
      for (int latent = rowOf.length - 1; latent >= 0; latent--) {
        if (rowOf[latent] >= 0) {
          flow.spread(rows.get(rowOf[latent]), flow.influence(latent));
        }
      }
      return flow.all();
    }

    AttributionGraph graph() {
      int[] chosen = IntStream.range(0, rowOf.length).filter(i -> rowOf[i] >= 0).toArray();
      int[] columns =
          IntStream.concat(
                  Arrays.stream(chosen), IntStream.range(sources.latents(), sources.size()))
              .toArray();
      List<GraphNode> all = new ArrayList<>(Arrays.stream(columns).mapToObj(nodes::get).toList());
      all.addAll(logits);
      double[] biases = local.values(local.runOfConstants(), all);
      double[] values = local.values(local.run(List.of(), Freedom.MODEL_AND_ATTENTION), all);
      List<Optional<AttributionGraph.Target>> targets = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        boolean isLatent = i < chosen.length;
        int row = isLatent ? rowOf[chosen[i]] : i - columns.length;
        targets.add(
            all.get(i).isTarget()
                ? Optional.of(new AttributionGraph.Target(row, sums.get(row), biases[i], values[i]))
                : Optional.empty());
      }
      return new AttributionGraph(local.ids(), all, rows, columns, targets);
    }
  }
}
