package mechinterp.circuits.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.metrics.TextRows;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * A model on one prompt with transcoders in place of its MLPs, their errors added, and attention
 * patterns and the scales of norms as they are in the model's own run. Without a change it computes
 * what the model computes:
 *
 * <pre>  output of MLP t = sum over i of f_i W_dec_i,t + b_dec_t (+ x_t W_skip_t^T) + error_t</pre>
 *
 * Given which latents are active, all of it is linear in embeddings, latents and errors. Special
 * tokens have neither latents nor errors, since transcoders are not trained on them: what MLPs make
 * of them is a constant.
 *
 * <p>Source: Ameisen et al. 2025, "Circuit Tracing: Revealing Computational Graphs in Language
 * Models".
 */
public final class LocalReplacementModel {
  static final HookPoint EMBEDDING = HookPoint.outside("hook_embed");
  private static final String SCALE = "hook_scale";

  private final Transformer model;
  private final TranscoderSet transcoders;
  private final TokenBatch batch;
  private final List<TextRows> text;
  private final Map<HookPoint, FloatMatrix> scales = new LinkedHashMap<>();
  private final Map<HookPoint, FloatMatrix> attention = new LinkedHashMap<>();
  private final List<LayerState> states = new ArrayList<>();
  private final FloatMatrix embeddings;
  private final FloatMatrix hidden;
  private final FloatMatrix noBias;

  /**
   * What a layer does on the prompt, besides x W_skip^T.
   *
   * @param active latents; none of a layer without a transcoder
   * @param codes the same on the device
   * @param constant b_dec, and at special tokens the MLP's output [tokens, d_model]
   * @param error what the rest leaves of the MLP's output [tokens, d_model]
   */
  record LayerState(
      ActiveLatents active, Optional<SparseCodes> codes, FloatMatrix constant, FloatMatrix error) {}

  /**
   * Runs the model on a prompt.
   *
   * @param ids of its tokens, as {@link TokenBatch} wants them
   * @throws IllegalArgumentException when the model makes no logits or sees later tokens, or cannot
   *     read the prompt
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public LocalReplacementModel(Transformer model, TranscoderSet transcoders, int[] ids) {
    requireCausal(model);
    plan(model, transcoders, ids.length).requireFits(model.device());
    this.model = model;
    this.transcoders = transcoders;
    this.batch = TokenBatch.ofIds(List.of(ids));
    this.text = TextRows.of(model.tokenizer(), batch);
    this.noBias = device().floats(1, model.config().dModel());
    Set<HookPoint> captures = new LinkedHashSet<>(attentionHooks(model));
    captures.addAll(scaleHooks(model));
    captures.addAll(inputHooks());
    layers().forEach(layer -> captures.add(HookPoint.mlpOut(layer)));
    captures.add(EMBEDDING);
    Activations run = model.run(batch, captures, Map.of());
    attentionHooks(model).forEach(hook -> attention.put(hook, run.at(hook)));
    scaleHooks(model).forEach(hook -> scales.put(hook, run.at(hook)));
    layers().forEach(layer -> states.add(state(layer, run)));
    this.embeddings = run.at(EMBEDDING);
    this.hidden = copyOfLast(run.output());
  }

  private static void requireCausal(Transformer model) {
    var _ = model.unembed();
    if (!model.config().attention().causal()) {
      throw new IllegalArgumentException(
          "attribution graph: attention of %s sees later tokens too; the model must be causal"
              .formatted(model.config().name()));
    }
  }

  /** Returns what it holds besides the weights of model and transcoders. */
  public static MemoryPlan plan(Transformer model, TranscoderSet transcoders, int tokens) {
    long frozen =
        attentionHooks(model).stream().mapToLong(model::width).sum()
            + scaleHooks(model).stream().mapToLong(model::width).sum();
    long inputs =
        IntStream.range(0, transcoders.layers())
            .mapToObj(transcoders::layer)
            .flatMap(Optional::stream)
            .mapToLong(layer -> model.width(layer.input()))
            .sum();
    long stream = (long) model.config().nLayers() * model.config().dModel();
    return MemoryPlan.empty("local replacement model")
        .and("run", model.memoryPlan(tokens))
        .withMatrix("attention and norms", tokens, frozen)
        .withMatrix("inputs and outputs of MLPs", tokens, inputs + stream)
        .withMatrix("errors and constants", tokens, 2 * stream);
  }

  /** Queries and keys make the patterns, and take far less room. */
  private static List<HookPoint> attentionHooks(Transformer model) {
    return IntStream.range(0, model.config().nLayers())
        .boxed()
        .flatMap(layer ->
            List.of("attn.hook_q", "attn.hook_k").stream()
                .map(site -> HookPoint.inBlock(layer, site)))
        .toList();
  }

  private static List<HookPoint> scaleHooks(Transformer model) {
    return model.hookPoints().stream().filter(hook -> hook.site().endsWith(SCALE)).toList();
  }

  private IntStream layers() {
    return IntStream.range(0, transcoders.layers());
  }

  private Set<HookPoint> inputHooks() {
    Set<HookPoint> hooks = new LinkedHashSet<>();
    layers().forEach(l -> transcoders.layer(l).ifPresent(layer -> hooks.add(layer.input())));
    return hooks;
  }

  private LayerState state(int layer, Activations run) {
    Optional<FloatMatrix> x = transcoders.layer(layer).map(latents -> run.at(latents.input()));
    ActiveLatents active =
        transcoders
            .layer(layer)
            .map(latents -> ActiveLatents.of(latents.sae(), run.at(latents.input()), text))
            .orElseGet(() -> ActiveLatents.none(tokens()));
    Optional<SparseCodes> codes = codes(layer, active);
    FloatMatrix out = run.at(HookPoint.mlpOut(layer));
    FloatMatrix constant = constant(layer, out);
    FloatMatrix error = device().floats(out.rows(), out.cols());
    FloatMatrix made =
        made(layer, source -> source == layer ? codes : states.get(source).codes(), x);
    kernels().add(made, made, constant);
    for (TextRows rows : text) {
      kernels().subtract(part(error, rows), part(out, rows), part(made, rows));
    }
    return new LayerState(active, codes, constant, error);
  }

  private Optional<SparseCodes> codes(int layer, ActiveLatents active) {
    return transcoders
        .layer(layer)
        .filter(_ -> active.total() > 0)
        .map(latents -> active.codes(device(), latents.sae().dSae()));
  }

  private FloatMatrix constant(int layer, FloatMatrix out) {
    FloatMatrix constant = device().floats(out.rows(), out.cols());
    kernels().copy(constant, out);
    for (TextRows rows : text) {
      FloatMatrix part = part(constant, rows);
      kernels().fill(part, 0);
      transcoders.decoderBias(layer).ifPresent(bias -> kernels().addRow(part, part, bias, 1));
    }
    return constant;
  }

  private static FloatMatrix part(FloatMatrix matrix, TextRows rows) {
    return matrix.rowRange(rows.from(), rows.to());
  }

  /** Returns what latents write to a layer's output, and x W_skip^T of text tokens. */
  private FloatMatrix made(
      int target, IntFunction<Optional<SparseCodes>> codes, Optional<FloatMatrix> x) {
    FloatMatrix sum = device().floats(tokens(), model.config().dModel());
    FloatMatrix part = device().floats(tokens(), model.config().dModel());
    for (int source = 0; source <= target; source++) {
      Optional<FloatMatrix> decoder = transcoders.decoder(source, target);
      Optional<SparseCodes> active = codes.apply(source);
      if (decoder.isPresent() && active.isPresent()) {
        kernels().decode(part, active.get(), decoder.get(), noBias);
        kernels().add(sum, sum, part);
      }
    }
    Optional<FloatMatrix> skip = transcoders.layer(target).flatMap(TranscoderSet.Layer::skip);
    if (skip.isPresent() && x.isPresent()) {
      for (TextRows rows : text) {
        kernels()
            .matmul(
                part(sum, rows),
                part(x.get(), rows),
                Operand.AS_IS,
                skip.get(),
                Operand.TRANSPOSED,
                Write.ADD);
      }
    }
    return sum;
  }

  private FloatMatrix copyOfLast(FloatMatrix output) {
    FloatMatrix last = device().floats(1, output.cols());
    kernels().copy(last, output.row(output.rows() - 1));
    return last;
  }

  // ------------------------------------------------------------------ what it is of

  /** Returns the model. */
  public Transformer model() {
    return model;
  }

  /** Returns the transcoders. */
  public TranscoderSet transcoders() {
    return transcoders;
  }

  /** Returns the ids of the prompt's tokens in a new array. */
  public int[] ids() {
    return batch.ids();
  }

  /** Returns the number of the prompt's tokens. */
  public int tokens() {
    return batch.tokens();
  }

  /** Returns how many latents are active on all tokens. */
  public int activeLatents() {
    return states.stream().mapToInt(state -> state.active().total()).sum();
  }

  LayerState state(int layer) {
    return states.get(layer);
  }

  /** Returns the tokens' embeddings [tokens, d_model]. */
  FloatMatrix embeddings() {
    return embeddings;
  }

  /** Returns the hooks whose gradients are 0, since what is there is frozen. */
  Set<HookPoint> frozenHooks() {
    Set<HookPoint> hooks = new LinkedHashSet<>(attention.keySet());
    hooks.addAll(scales.keySet());
    return hooks;
  }

  /** Returns the rows of text tokens, which have latents and errors. */
  List<TextRows> text() {
    return text;
  }

  private Device device() {
    return model.device();
  }

  private Kernels kernels() {
    return model.device().kernels();
  }

  // ------------------------------------------------------------------ runs

  /** Returns the model's own logits after the prompt [1, d_vocab]. */
  FloatMatrix logits() {
    return model.logits(hidden);
  }

  /**
   * Returns the largest difference between a logit after the prompt here and in the model itself:
   * nothing but rounding.
   */
  public double largestLogitDifference() {
    FloatMatrix output = run(List.of(), Freedom.REPLACEMENT).output();
    float[] here = device().toHost(model.logits(copyOfLast(output)));
    float[] there = device().toHost(logits());
    return IntStream.range(0, here.length)
        .mapToDouble(i -> Math.abs((double) here[i] - there[i]))
        .max()
        .orElse(0);
  }

  /** Runs with latents set to values. */
  Activations run(List<LatentValue> values, Freedom freedom) {
    Map<HookPoint, Edit> edits =
        switch (freedom) {
          case DIRECT, REPLACEMENT -> frozen(true);
          case MODEL -> frozen(false);
          case MODEL_AND_ATTENTION -> new LinkedHashMap<>();
        };
    new ChangedRun(values, freedom).addTo(edits);
    return model.run(batch, inputHooks(), edits);
  }

  /** Runs with constants alone: no embeddings, no latents, no errors. */
  Activations runOfConstants() {
    Map<HookPoint, Edit> edits = frozen(true);
    edits.put(EMBEDDING, (x, _) -> kernels().fill(x, 0));
    Map<Integer, FloatMatrix> inputs = new LinkedHashMap<>();
    layers()
        .forEach(l -> {
          transcoders
              .layer(l)
              .ifPresent(layer -> edits.put(layer.input(), (x, _) -> inputs.put(l, copy(x))));
          edits.put(
              HookPoint.mlpOut(l),
              (out, _) -> {
                Optional<FloatMatrix> x = Optional.ofNullable(inputs.remove(l));
                kernels().add(out, states.get(l).constant(), made(l, _ -> Optional.empty(), x));
              });
        });
    return model.run(batch, inputHooks(), edits);
  }

  private Map<HookPoint, Edit> frozen(boolean norms) {
    Map<HookPoint, Edit> edits = new LinkedHashMap<>();
    attention.forEach((hook, value) -> edits.put(hook, (x, _) -> kernels().copy(x, value)));
    if (norms) {
      scales.forEach((hook, value) -> edits.put(hook, (x, _) -> kernels().copy(x, value)));
    }
    return edits;
  }

  private FloatMatrix copy(FloatMatrix matrix) {
    FloatMatrix copy = device().floats(matrix.rows(), matrix.cols());
    kernels().copy(copy, matrix);
    return copy;
  }

  /** The edits of one run with latents set to values. */
  private final class ChangedRun {
    private final List<LatentValue> values;
    private final Freedom freedom;
    private final Map<Integer, SparseCodes> codes = new LinkedHashMap<>();
    private final Map<Integer, SparseCodes> changes = new LinkedHashMap<>();
    private final Map<Integer, FloatMatrix> inputs = new LinkedHashMap<>();

    ChangedRun(List<LatentValue> values, Freedom freedom) {
      this.values = values;
      this.freedom = freedom;
    }

    private boolean replacesMlps() {
      return freedom == Freedom.DIRECT || freedom == Freedom.REPLACEMENT;
    }

    void addTo(Map<HookPoint, Edit> edits) {
      layers()
          .forEach(l -> {
            transcoders
                .layer(l)
                .ifPresent(layer -> edits.put(layer.input(), (x, _) -> see(l, layer, x)));
            edits.put(HookPoint.mlpOut(l), (out, _) -> change(l, out));
          });
    }

    private void see(int l, TranscoderSet.Layer layer, FloatMatrix x) {
      boolean isChanged = values.stream().anyMatch(value -> value.layer() == l);
      ActiveLatents active =
          freedom == Freedom.DIRECT || !(isChanged || replacesMlps())
              ? states.get(l).active()
              : ActiveLatents.of(layer.sae(), x, text);
      codes(l, active).ifPresent(found -> codes.put(l, found));
      if (isChanged) {
        changes.put(l, changes(l, active).codes(device(), layer.sae().dSae()));
      }
      if (layer.skip().isPresent()) {
        inputs.put(l, copy(x));
      }
    }

    /** Returns what the values have more than the activations. */
    private ActiveLatents changes(int layer, ActiveLatents active) {
      int[][] latents = new int[tokens()][];
      float[][] differences = new float[tokens()][];
      for (int t = 0; t < tokens(); t++) {
        int position = t;
        List<LatentValue> here =
            values.stream()
                .filter(value -> value.layer() == layer && value.position() == position)
                .sorted((a, b) -> Integer.compare(a.latent(), b.latent()))
                .toList();
        latents[t] = here.stream().mapToInt(LatentValue::latent).toArray();
        differences[t] = new float[latents[t].length];
        for (int i = 0; i < latents[t].length; i++) {
          differences[t][i] = here.get(i).value() - active.activationOf(t, latents[t][i]);
        }
      }
      return new ActiveLatents(latents, differences);
    }

    private void change(int l, FloatMatrix out) {
      if (replacesMlps()) {
        LayerState state = states.get(l);
        FloatMatrix made = made(l, of(codes), Optional.ofNullable(inputs.remove(l)));
        kernels().add(out, state.constant(), state.error());
        kernels().add(out, out, made);
      }
      if (!changes.isEmpty()) {
        kernels().add(out, out, made(l, of(changes), Optional.empty()));
      }
    }

    private static IntFunction<Optional<SparseCodes>> of(Map<Integer, SparseCodes> byLayer) {
      return layer -> Optional.ofNullable(byLayer.get(layer));
    }
  }

  // ------------------------------------------------------------------ what targets are

  /**
   * Returns what targets are in a run: of latents x W_enc + b_enc, of logits the logit before any
   * cap less the mean of all.
   */
  double[] values(Activations run, List<GraphNode> targets) {
    double[] values = new double[targets.size()];
    float[] logits = centredLogits(run.output());
    for (int i = 0; i < values.length; i++) {
      if (targets.get(i) instanceof GraphNode.Logit logit) {
        values[i] = logits[logit.id()];
      }
    }
    layers().forEach(layer -> putLatents(values, layer, run, targets));
    return values;
  }

  private float[] centredLogits(FloatMatrix output) {
    FloatMatrix logits = device().floats(1, model.unembed().vocabulary());
    model.unembed().uncapped(logits, copyOfLast(output));
    float[] host = device().toHost(logits);
    double sum = 0;
    for (float logit : host) {
      sum += logit;
    }
    for (int i = 0; i < host.length; i++) {
      host[i] -= (float) (sum / host.length);
    }
    return host;
  }

  private void putLatents(double[] values, int layer, Activations run, List<GraphNode> targets) {
    int[] which =
        IntStream.range(0, values.length)
            .filter(i -> targets.get(i) instanceof GraphNode.Latent of && of.layer() == layer)
            .toArray();
    if (which.length == 0) {
      return;
    }
    TranscoderSet.Layer latents = transcoders.layer(layer).orElseThrow();
    int[] numbers =
        Arrays.stream(which).map(i -> ((GraphNode.Latent) targets.get(i)).latent()).toArray();
    int[] positions = Arrays.stream(which).map(i -> targets.get(i).position()).toArray();
    FloatMatrix x = gathered(run.at(latents.input()), positions);
    FloatMatrix products = device().floats(which.length, 1);
    kernels().rowDots(products, x, gathered(latents.sae().weights().wEnc(), numbers));
    float[] host = device().toHost(products);
    float[] bias = device().toHost(latents.sae().weights().bEnc());
    for (int i = 0; i < which.length; i++) {
      values[which[i]] = (double) host[i] + bias[numbers[i]];
    }
  }

  private FloatMatrix gathered(FloatMatrix table, int[] rows) {
    FloatMatrix gathered = device().floats(rows.length, table.cols());
    kernels().gatherRows(gathered, table, device().matrix(1, rows.length, rows));
    return gathered;
  }
}
