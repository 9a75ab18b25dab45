package mechinterp.metrics;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import mechinterp.activation.OutlierLimit;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * What can be put in the place of the activations at a hook point: an autoencoder's
 * reconstructions, or for comparison one and the same mean activation, or zeros. Special tokens
 * keep their activations, since autoencoders are not trained on them; so do, where a limit is given,
 * tokens whose activations are longer.
 */
public final class Splice {
  private final Transformer model;
  private final HookPoint hook;
  private final Sae sae;
  private final FloatMatrix mean;
  private final Optional<OutlierLimit> limit;

  /**
   * Begins.
   *
   * @param model whose activations are replaced
   * @param hook where
   * @param sae for activations as the model makes them, on the model's device
   * @param mean the mean activation at the hook point [1, d_in]
   * @throws IllegalArgumentException when the hook point does not exist or is not as wide as the
   *     autoencoder
   */
  public Splice(Transformer model, HookPoint hook, Sae sae, FloatMatrix mean) {
    this(model, hook, sae, mean, Optional.empty());
  }

  private Splice(
      Transformer model,
      HookPoint hook,
      Sae sae,
      FloatMatrix mean,
      Optional<OutlierLimit> limit) {
    if (sae.config().siteWidths().size() != 1) {
      throw new IllegalArgumentException(
          "splice: the %s is of %d hook points; spliced in are autoencoders of one"
              .formatted(sae.config().architecture(), sae.config().siteWidths().size()));
    }
    if (model.width(hook) != sae.dIn()) {
      throw new IllegalArgumentException(
          "splice: %s is %d wide, the autoencoder's d_in is %d; they must be equal"
              .formatted(hook, model.width(hook), sae.dIn()));
    }
    this.model = model;
    this.hook = hook;
    this.sae = sae;
    this.mean = mean;
    this.limit = limit;
  }

  /** Returns a splice that leaves activations as they are that are longer than a limit. */
  public Splice within(OutlierLimit other) {
    return new Splice(model, hook, sae, mean, Optional.of(other));
  }

  /** Returns whose activations are replaced. */
  public Transformer model() {
    return model;
  }

  /** Returns the edit that puts reconstructions in the place of activations. */
  public Map<HookPoint, Edit> reconstruction() {
    return edit(this::reconstruct);
  }

  /** Returns the edit that puts the mean in the place of each activation. */
  public Map<HookPoint, Edit> meanAblation() {
    Kernels kernels = model.device().kernels();
    return edit(x -> {
      kernels.fill(x, 0);
      kernels.addRow(x, x, mean, 1);
    });
  }

  /** Returns the edit that puts zeros in the place of activations. */
  public Map<HookPoint, Edit> zeroAblation() {
    return edit(x -> model.device().kernels().fill(x, 0));
  }

  private Map<HookPoint, Edit> edit(Consumer<FloatMatrix> change) {
    return Map.of(
        hook,
        (activation, batch) ->
            rows(activation, batch)
                .forEach(rows -> change.accept(activation.rowRange(rows.from(), rows.to()))));
  }

  private List<TextRows> rows(FloatMatrix activation, TokenBatch batch) {
    return limit
        .map(found -> TextRows.of(model.tokenizer(), batch, within(activation, found)))
        .orElseGet(() -> TextRows.of(model.tokenizer(), batch));
  }

  private IntPredicate within(FloatMatrix activation, OutlierLimit largest) {
    Device device = model.device();
    FloatMatrix squares = device.floats(activation.rows(), 1);
    device.kernels().rowDots(squares, activation, activation);
    float[] norms = device.toHost(squares);
    return row -> Math.sqrt(norms[row]) <= largest.largestNorm();
  }

  private void reconstruct(FloatMatrix x) {
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, x);
    sae.reconstruct(x, codes, x);
  }
}
