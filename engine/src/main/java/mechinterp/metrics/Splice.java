package mechinterp.metrics;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import mechinterp.activation.OutlierLimit;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * What can be put in the place of the activations at a hook point: what an autoencoder makes of
 * them, or a transcoder of those at another hook point; or for comparison one and the same mean
 * activation, or zeros. A cross-layer transcoder replaces the outputs of all MLPs at once. Special
 * tokens keep their activations, since autoencoders are not trained on them; so do, where a limit
 * is given, tokens whose activations are longer.
 */
public final class Splice {
  private final Transformer model;
  private final SequencedMap<HookPoint, FloatMatrix> means = new LinkedHashMap<>();
  private final Supplier<Map<HookPoint, Edit>> reconstruction;
  private final Optional<OutlierLimit> limit;

  private Splice(Transformer model, Supplier<Map<HookPoint, Edit>> reconstruction) {
    this(model, reconstruction, Optional.empty());
  }

  private Splice(
      Transformer model,
      Supplier<Map<HookPoint, Edit>> reconstruction,
      Optional<OutlierLimit> limit) {
    this.model = model;
    this.reconstruction = reconstruction;
    this.limit = limit;
  }

  /**
   * Begins with an autoencoder.
   *
   * @param model whose activations are replaced
   * @param hook where
   * @param sae for activations as the model makes them, on the model's device
   * @param mean the mean activation at the hook point [1, d_in]
   * @throws IllegalArgumentException when the hook point does not exist or is not as wide as the
   *     autoencoder
   */
  public Splice(Transformer model, HookPoint hook, Sae sae, FloatMatrix mean) {
    this(
        model,
        () -> Map.of(hook, (x, batch) -> forText(model, batch, x, rows -> reconstruct(sae, rows))));
    if (sae.config().siteWidths().size() != 1) {
      throw new IllegalArgumentException(
          "splice: the %s is of %d hook points; spliced in are autoencoders of one"
              .formatted(sae.config().architecture(), sae.config().siteWidths().size()));
    }
    requireWidth(model, hook, "autoencoder's d_in", sae.dIn());
    means.put(hook, mean);
  }

  /**
   * Returns a transcoder in the place of what the model makes.
   *
   * @param input what it encodes, in the same run
   * @param output what is replaced, computed behind it
   * @param transcoder for activations as the model makes them, on the model's device
   * @param mean the mean activation at {@code output} [1, d_out]
   * @throws IllegalArgumentException when a hook point does not exist or has another width
   */
  public static Splice ofTranscoder(
      Transformer model, HookPoint input, HookPoint output, Sae transcoder, FloatMatrix mean) {
    requireWidth(model, input, "transcoder's d_in", transcoder.dIn());
    requireWidth(model, output, "transcoder's d_out", transcoder.dOut());
    Splice splice =
        new Splice(model, () -> TranscoderRun.of(model, input, output, transcoder).edits());
    splice.means.put(output, mean);
    return splice;
  }

  /**
   * Returns a cross-layer transcoder in the place of all MLPs.
   *
   * @param input the site in each block that its latents see, in the same run
   * @param transcoder for activations as the model makes them, on the model's device
   * @param mean the mean outputs of the MLPs [1, layers d_model], side by side
   * @throws IllegalArgumentException when it is not of this model's sizes, or the site is none
   */
  public static Splice ofCrossLayer(
      Transformer model, CrossLayerTranscoder transcoder, String input, FloatMatrix mean) {
    int layers = transcoder.config().layers();
    int dModel = transcoder.config().dModel();
    if (layers != model.config().nLayers()) {
      throw new IllegalArgumentException(
          "splice: the cross-layer transcoder has %d layers, %s has %d; they must be equal"
              .formatted(layers, model.config().name(), model.config().nLayers()));
    }
    Splice splice =
        new Splice(model, () -> TranscoderRun.ofLayers(model, transcoder, input).edits());
    for (int layer = 0; layer < layers; layer++) {
      requireWidth(model, HookPoint.inBlock(layer, input), "transcoder's d_model", dModel);
      requireWidth(model, HookPoint.mlpOut(layer), "transcoder's d_model", dModel);
      splice.means.put(
          HookPoint.mlpOut(layer), mean.columnRange(layer * dModel, (layer + 1) * dModel));
    }
    return splice;
  }

  private static void requireWidth(Transformer model, HookPoint hook, String name, int width) {
    if (model.width(hook) != width) {
      throw new IllegalArgumentException(
          "splice: %s is %d wide, the %s is %d; they must be equal"
              .formatted(hook, model.width(hook), name, width));
    }
  }

  /** Returns a splice that leaves activations as they are that are longer than a limit. */
  public Splice within(OutlierLimit other) {
    Splice splice = new Splice(model, reconstruction, Optional.of(other));
    splice.means.putAll(means);
    return splice;
  }

  /** Returns whose activations are replaced. */
  public Transformer model() {
    return model;
  }

  /**
   * Returns the edits that put reconstructions in the place of activations, for one run at a time.
   */
  public Map<HookPoint, Edit> reconstruction() {
    return limited(reconstruction.get());
  }

  /** Returns the edits that put the mean in the place of each activation. */
  public Map<HookPoint, Edit> meanAblation() {
    Kernels kernels = model.device().kernels();
    Map<HookPoint, Edit> edits = new LinkedHashMap<>();
    means.forEach((hook, mean) ->
        edits.put(
            hook,
            (activation, batch) ->
                forText(
                    model,
                    batch,
                    activation,
                    x -> {
                      kernels.fill(x, 0);
                      kernels.addRow(x, x, mean, 1);
                    })));
    return limited(edits);
  }

  /** Returns the edits that put zeros in the place of activations. */
  public Map<HookPoint, Edit> zeroAblation() {
    Map<HookPoint, Edit> edits = new LinkedHashMap<>();
    for (HookPoint hook : means.keySet()) {
      edits.put(
          hook,
          (activation, batch) ->
              forText(model, batch, activation, x -> model.device().kernels().fill(x, 0)));
    }
    return limited(edits);
  }

  private Map<HookPoint, Edit> limited(Map<HookPoint, Edit> edits) {
    if (limit.isEmpty()) {
      return edits;
    }
    Map<HookPoint, Edit> result = new LinkedHashMap<>(edits);
    means.keySet().forEach(hook -> result.computeIfPresent(hook, (_, edit) -> limited(edit)));
    return result;
  }

  private Edit limited(Edit edit) {
    return (activation, batch) -> {
      Map<Integer, FloatMatrix> kept = outliers(activation);
      edit.apply(activation, batch);
      kept.forEach((row, values) -> model.device().kernels().copy(activation.row(row), values));
    };
  }

  private Map<Integer, FloatMatrix> outliers(FloatMatrix activation) {
    Device device = model.device();
    FloatMatrix squares = device.floats(activation.rows(), 1);
    device.kernels().rowDots(squares, activation, activation);
    float[] norms = device.toHost(squares);
    Map<Integer, FloatMatrix> found = new LinkedHashMap<>();
    for (int row = 0; row < norms.length; row++) {
      if (Math.sqrt(norms[row]) > limit.orElseThrow().largestNorm()) {
        FloatMatrix values = device.floats(1, activation.cols());
        device.kernels().copy(values, activation.row(row));
        found.put(row, values);
      }
    }
    return found;
  }

  private static void forText(
      Transformer model, TokenBatch batch, FloatMatrix activation, Consumer<FloatMatrix> change) {
    TextRows.of(model.tokenizer(), batch)
        .forEach(rows -> change.accept(activation.rowRange(rows.from(), rows.to())));
  }

  private static void reconstruct(Sae sae, FloatMatrix x) {
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, x);
    sae.reconstruct(x, codes, x);
  }
}
