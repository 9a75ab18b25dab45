package mechinterp.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Collectors;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.model.RunMemory.Purpose;
import mechinterp.nn.Linear;
import mechinterp.nn.Parameter;
import mechinterp.nn.RowNorm;
import mechinterp.nn.Unembed;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tokenizer.Tokenizer;

/**
 * A transformer of any family: stages that hand on the residual stream. Captures and edits are
 * arguments of a run; the model itself does not change, unless it is trained. Runs may overlap,
 * also inside an edit.
 */
public final class Transformer {
  private final TransformerConfig config;
  private final String identity;
  private final Tokenizer tokenizer;
  private final Device device;
  private final TransformerLayers layers;
  private final SequencedMap<HookPoint, OptionalInt> widths = new LinkedHashMap<>();
  private final MemoryPool forwardMemory;
  private final MemoryPool gradientMemory;

  /**
   * Makes a model of stages alone, which makes no logits and cannot be trained.
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
    this(config, identity, tokenizer, device, TransformerLayers.ofStages(stages));
  }

  Transformer(
      TransformerConfig config,
      String identity,
      Tokenizer tokenizer,
      Device device,
      TransformerLayers layers) {
    if (tokenizer.vocabularySize() > config.dVocab()) {
      throw new IllegalArgumentException(
          "model %s: the tokenizer has %d tokens, the model %d vectors; the model must have at least as many"
              .formatted(config.name(), tokenizer.vocabularySize(), config.dVocab()));
    }
    this.config = config;
    this.identity = identity;
    this.tokenizer = tokenizer;
    this.device = device;
    this.layers = layers;
    layers.stages().forEach(stage -> widths.putAll(stage.hookPoints()));
    forwardMemory =
        new MemoryPool("forward pass of " + config.name(), device, Purpose.FORWARD, this::declare);
    gradientMemory =
        new MemoryPool(
            "forward and backward pass of " + config.name(),
            device,
            isTrainable() ? Purpose.TRAINING : Purpose.GRADIENTS,
            this::declare);
  }

  private void declare(RunMemory memory) {
    var _ = newPass(memory);
  }

  private Pass newPass(RunMemory memory) {
    return new Pass(layers.stages(), config.dModel(), memory);
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
   * @throws IllegalArgumentException when the model has no such hook point, listing what it has, or
   *     when its columns depend on the batch
   */
  public int width(HookPoint point) {
    requireHook(point);
    return Optional.ofNullable(widths.get(point))
        .orElseThrow()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "hook %s: it has a column for each head and key of the batch, no fixed number; choose another"
                    .formatted(point)));
  }

  /** Returns the memory that a run of so many tokens takes besides weights and captures. */
  public MemoryPlan memoryPlan(int tokens) {
    return forwardMemory.plan(tokens);
  }

  /**
   * Returns the memory that a run for gradients of so many tokens takes besides weights and
   * captures.
   */
  public MemoryPlan gradientMemoryPlan(int tokens) {
    return gradientMemory.plan(tokens);
  }

  /** Returns whether the weights can be trained. */
  public boolean isTrainable() {
    return !layers.parameters().isEmpty();
  }

  /**
   * Returns the weights that can be trained, in the order of computation; none unless trainable.
   */
  public List<Parameter> parameters() {
    return layers.parameters();
  }

  /** Takes over what has changed in the parameters' values: call it after an optimizer's step. */
  public void refresh() {
    layers.linears().forEach(Linear::refresh);
  }

  /**
   * Returns the norm that makes final hidden states of the last block's output, where there is one.
   */
  public Optional<RowNorm> finalNorm() {
    return layers.stages().getLast().norm();
  }

  /**
   * Returns what makes logits of final hidden states.
   *
   * @throws IllegalArgumentException when the model is an encoder, which makes none
   */
  public Unembed unembed() {
    return layers
        .unembed()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "logits: %s has no unembedding; it must be a language model"
                    .formatted(config.name())));
  }

  /**
   * Returns the logits [rows, d_vocab] of rows of the final hidden state, in a new matrix.
   *
   * @param hidden [rows, d_model]: {@link Activations#output} or some of its rows
   * @throws IllegalArgumentException when the model is an encoder, which makes none
   */
  public FloatMatrix logits(FloatMatrix hidden) {
    FloatMatrix logits = device.floats(hidden.rows(), unembed().vocabulary());
    unembed().forward(logits, hidden);
    return logits;
  }

  /**
   * Returns an empty cache for runs of this model.
   *
   * @param sequences number of sequences
   * @param capacity the most tokens of a sequence, at most {@code n_ctx}
   * @throws IllegalArgumentException when the model's attention is not causal, or a number is not
   *     possible
   * @throws mechinterp.device.InsufficientMemoryException when {@link #cachePlan} does not fit
   */
  public KeyValueCache newCache(int sequences, int capacity) {
    if (!config.attention().causal()) {
      throw new IllegalArgumentException(
          "cache: attention of %s sees later tokens too; a cache is for causal models"
              .formatted(config.name()));
    }
    if (sequences < 1 || capacity < 1 || capacity > config.nCtx()) {
      throw new IllegalArgumentException(
          "cache: %d sequences of %d tokens; %s takes 1 to %d tokens, and there must be a sequence"
              .formatted(sequences, capacity, config.name(), config.nCtx()));
    }
    return KeyValueCache.allocate(device, config, sequences, capacity);
  }

  /** Returns the memory that a cache takes. */
  public MemoryPlan cachePlan(int sequences, int capacity) {
    return KeyValueCache.plan(device, config, sequences, capacity);
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
    requireRun(batch, captures, edits);
    requireLengths(batch);
    return forward(
        BatchInput.upload(device, batch), new RunHooks(device, batch, captures, edits, true));
  }

  /** Runs the whole model without captures and edits. */
  public Activations run(TokenBatch batch) {
    return run(batch, Set.of(), Map.of());
  }

  /**
   * Runs the whole model on the next tokens of a cache's sequences, and adds them to it. The rows
   * of captures and of the output are those of the new tokens.
   *
   * @param batch as many sequences as the cache has
   * @throws IllegalArgumentException as {@link #run(TokenBatch, Set, Map)}, and when the cache is
   *     of another model or too small
   */
  public Activations run(
      TokenBatch batch, Set<HookPoint> captures, Map<HookPoint, Edit> edits, KeyValueCache cache) {
    requireRun(batch, captures, edits);
    if (!cache.config().equals(config)) {
      throw new IllegalArgumentException(
          "run: the cache is of %s; it must be of %s"
              .formatted(cache.config().name(), config.name()));
    }
    CacheRows rows = new CacheRows(cache, batch);
    Activations activations =
        forward(
            BatchInput.upload(device, batch, rows),
            new RunHooks(device, rows.batchBehind(), captures, edits, true));
    cache.advance(batch);
    return activations;
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
    requireRun(batch, captures, edits);
    requireLengths(batch);
    return forward(
        BatchInput.upload(device, batch), new RunHooks(device, batch, captures, edits, false));
  }

  private Activations forward(BatchInput input, RunHooks hooks) {
    int tokens = input.ids().cols();
    RunMemory whole = forwardMemory.take(tokens);
    try {
      Pass pass = newPass(whole.first(tokens));
      pass.forward(input, hooks);
      return activations(hooks, pass);
    } finally {
      forwardMemory.giveBack(whole);
    }
  }

  private Activations activations(RunHooks hooks, Pass pass) {
    return new Activations(
        hooks.captured(), hooks.finished() ? Optional.empty() : Optional.of(copy(pass.output())));
  }

  private FloatMatrix copy(FloatMatrix matrix) {
    FloatMatrix copy = device.floats(matrix.rows(), matrix.cols());
    device.kernels().copy(copy, matrix);
    return copy;
  }

  /**
   * Runs the whole model and keeps what backward passes need; close the run to give that back.
   *
   * @param batch its tokens
   * @param captures where to keep the activations
   * @param edits what to do to activations; gradients pass them as if they added a constant
   * @throws IllegalArgumentException as {@link #run}
   * @throws mechinterp.device.InsufficientMemoryException when {@link #gradientMemoryPlan} does not
   *     fit
   */
  public GradientRun runForGradients(
      TokenBatch batch, Set<HookPoint> captures, Map<HookPoint, Edit> edits) {
    requireRun(batch, captures, edits);
    requireLengths(batch);
    RunMemory whole = gradientMemory.take(batch.tokens());
    try {
      BatchInput input = BatchInput.upload(device, batch);
      RunHooks hooks = new RunHooks(device, batch, captures, edits, true);
      Pass pass = newPass(whole.first(batch.tokens()));
      pass.forward(input, hooks);
      return new GradientRun(
          this, batch, input, pass, activations(hooks, pass), () -> gradientMemory.giveBack(whole));
    } catch (RuntimeException e) {
      gradientMemory.giveBack(whole);
      throw e;
    }
  }

  /** Runs the whole model for gradients, without captures and edits. */
  public GradientRun runForGradients(TokenBatch batch) {
    return runForGradients(batch, Set.of(), Map.of());
  }

  private void requireRun(TokenBatch batch, Set<HookPoint> captures, Map<HookPoint, Edit> edits) {
    requireHooks(captures);
    requireHooks(edits.keySet());
    requireIds(batch);
  }

  void requireHooks(Set<HookPoint> points) {
    points.forEach(this::requireHook);
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

  private void requireIds(TokenBatch batch) {
    for (int t = 0; t < batch.tokens(); t++) {
      if (batch.id(t) < 0 || batch.id(t) >= config.dVocab()) {
        throw new IllegalArgumentException(
            "run: token %d has id %d; %s has ids 0 to %d"
                .formatted(t, batch.id(t), config.name(), config.dVocab() - 1));
      }
    }
  }

  private void requireLengths(TokenBatch batch) {
    for (int s = 0; s < batch.sequences(); s++) {
      if (batch.end(s) - batch.start(s) > config.nCtx()) {
        throw new IllegalArgumentException(
            "run: sequence %d has %d tokens; %s takes at most %d, cut or split the text"
                .formatted(s, batch.end(s) - batch.start(s), config.name(), config.nCtx()));
      }
    }
  }
}
