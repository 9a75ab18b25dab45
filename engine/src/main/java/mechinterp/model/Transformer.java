package mechinterp.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tokenizer.Tokenizer;

/**
 * A transformer of any family: stages that hand on the residual stream. Captures and edits are
 * arguments of a run; the model itself does not change. Runs may overlap, also inside an edit.
 */
public final class Transformer {
  private final TransformerConfig config;
  private final String identity;
  private final Tokenizer tokenizer;
  private final Device device;
  private final List<Stage> stages;
  private final SequencedMap<HookPoint, Integer> widths;

  /** The matrices of the largest batch so far; empty while a run has them. */
  private final AtomicReference<Optional<Buffers>> spare = new AtomicReference<>(Optional.empty());

  /**
   * Makes a model.
   *
   * @param config its sizes
   * @param identity its name and the SHA-256 of its weights
   * @param tokenizer what makes its tokens
   * @param device where its weights are and its runs compute
   * @param stages the embedding, then the blocks
   * @throws IllegalArgumentException when the tokenizer has ids that the model has no vector for
   */
  public Transformer(
      TransformerConfig config,
      String identity,
      Tokenizer tokenizer,
      Device device,
      List<Stage> stages) {
    if (tokenizer.vocabularySize() > config.dVocab()) {
      throw new IllegalArgumentException(
          "model %s: the tokenizer has %d tokens, the model %d vectors; the model must have at least as many"
              .formatted(config.name(), tokenizer.vocabularySize(), config.dVocab()));
    }
    this.config = config;
    this.identity = identity;
    this.tokenizer = tokenizer;
    this.device = device;
    this.stages = List.copyOf(stages);
    this.widths = new LinkedHashMap<>();
    stages.forEach(stage -> widths.putAll(stage.hookPoints()));
  }

  /** Returns the model's sizes. */
  public TransformerConfig config() {
    return config;
  }

  /** Returns the model's name and the SHA-256 of its weights. */
  public String identity() {
    return identity;
  }

  /** Returns what makes its tokens. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Returns where its runs compute. */
  public Device device() {
    return device;
  }

  /** Returns the places for captures and edits, in the order of computation. */
  public SequencedSet<HookPoint> hookPoints() {
    return Collections.unmodifiableSequencedSet(widths.sequencedKeySet());
  }

  /**
   * Returns the number of columns of the activation at a hook point.
   *
   * @throws IllegalArgumentException when the model has no such hook point, listing what it has
   */
  public int width(HookPoint point) {
    requireHook(point);
    return Optional.ofNullable(widths.get(point)).orElseThrow();
  }

  /** Returns the memory that a run of so many tokens takes besides weights and captures. */
  public MemoryPlan memoryPlan(int tokens) {
    return Buffers.plan(device, config, tokens);
  }

  /**
   * Runs the whole model.
   *
   * @param batch its tokens
   * @param captures where to keep the activations
   * @param edits what to do to activations; a capture at the same place shows the edited values
   * @return the captured activations and the final hidden state
   * @throws IllegalArgumentException when a hook point does not exist (with a list of those that
   *     do), an id is not in the vocabulary, or a sequence is too long
   * @throws mechinterp.device.InsufficientMemoryException when {@link #memoryPlan} does not fit
   */
  public Activations run(TokenBatch batch, Set<HookPoint> captures, Map<HookPoint, Edit> edits) {
    return run(batch, new RunHooks(device, batch, captures, edits, true), captures, edits.keySet());
  }

  /** Runs the whole model without captures and edits. */
  public Activations run(TokenBatch batch) {
    return run(batch, Set.of(), Map.of());
  }

  /**
   * Runs the model as far as the last capture; what would follow is not computed, and there is no
   * output.
   *
   * @param batch its tokens
   * @param captures where to keep the activations
   * @param edits what to do to activations; a capture at the same place shows the edited values
   * @return the captured activations
   * @throws IllegalArgumentException as {@link #run}
   */
  public Activations capture(
      TokenBatch batch, Set<HookPoint> captures, Map<HookPoint, Edit> edits) {
    RunHooks hooks = new RunHooks(device, batch, captures, edits, false);
    return run(batch, hooks, captures, edits.keySet());
  }

  private Activations run(
      TokenBatch batch, RunHooks hooks, Set<HookPoint> captures, Set<HookPoint> edited) {
    captures.forEach(this::requireHook);
    edited.forEach(this::requireHook);
    requireTokens(batch);
    Buffers whole = takeBuffers(batch.tokens());
    try {
      Buffers buffers = whole.first(batch.tokens());
      BatchInput input = BatchInput.upload(device, batch);
      for (Stage stage : stages) {
        if (hooks.finished()) {
          return new Activations(hooks.captured(), Optional.empty());
        }
        stage.forward(buffers, input, hooks);
      }
      return new Activations(hooks.captured(), output(hooks, buffers));
    } finally {
      spare.set(Optional.of(whole));
    }
  }

  private Optional<FloatMatrix> output(RunHooks hooks, Buffers buffers) {
    if (hooks.finished()) {
      return Optional.empty();
    }
    FloatMatrix output = device.floats(buffers.residual().rows(), buffers.residual().cols());
    device.kernels().copy(output, buffers.residual());
    return Optional.of(output);
  }

  private Buffers takeBuffers(int tokens) {
    return spare
        .getAndSet(Optional.empty())
        .filter(buffers -> buffers.capacity() >= tokens)
        .orElseGet(() -> Buffers.allocate(device, config, tokens));
  }

  private void requireHook(HookPoint point) {
    if (!widths.containsKey(point)) {
      throw new IllegalArgumentException(
          "hook %s: %s has no such hook; it has %s".formatted(point, config.name(), hookNames()));
    }
  }

  private String hookNames() {
    String outside =
        widths.keySet().stream()
            .filter(point -> point.layer().isEmpty())
            .map(HookPoint::site)
            .collect(Collectors.joining(", "));
    String inside =
        widths.keySet().stream()
            .filter(point -> point.layer().isPresent())
            .map(HookPoint::site)
            .distinct()
            .collect(Collectors.joining(", "));
    return "%s, and in each of blocks.0 to blocks.%d: %s"
        .formatted(outside, config.nLayers() - 1, inside);
  }

  private void requireTokens(TokenBatch batch) {
    for (int t = 0; t < batch.tokens(); t++) {
      if (batch.id(t) < 0 || batch.id(t) >= config.dVocab()) {
        throw new IllegalArgumentException(
            "run: token %d has id %d; %s has ids 0 to %d"
                .formatted(t, batch.id(t), config.name(), config.dVocab() - 1));
      }
    }
    for (int s = 0; s < batch.sequences(); s++) {
      if (batch.end(s) - batch.start(s) > config.nCtx()) {
        throw new IllegalArgumentException(
            "run: sequence %d has %d tokens; %s takes at most %d, cut or split the text"
                .formatted(s, batch.end(s) - batch.start(s), config.name(), config.nCtx()));
      }
    }
  }
}
