package mechinterp.experiments.run;

import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Site;
import mechinterp.experiments.console.Progress;
import mechinterp.metrics.Splice;
import mechinterp.metrics.SplicedLoss;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/** Puts reconstructions into the model whose activations a store holds. */
public final class Splicing {
  private Splicing() {}

  /**
   * Returns an autoencoder in the place of the store's activations, or a transcoder in that of the
   * second hook point's; for comparison stands the store's mean.
   *
   * @throws IllegalArgumentException when the store is of another model or does not name its hook
   *     points, or the autoencoder is of several
   */
  public static Splice of(Transformer model, Sae sae, ActivationStore store) {
    List<HookPoint> hooks = hooks(model, store);
    FloatMatrix mean = MeanActivation.of(store, model.device());
    boolean isTranscoder = hooks.size() == 2 && sae.config().targetWidths().size() == 1;
    return isTranscoder
        ? Splice.ofTranscoder(
            model,
            hooks.getFirst(),
            hooks.getLast(),
            sae,
            mean.columnRange(mean.cols() - sae.dOut(), mean.cols()))
        : new Splice(model, hooks.getFirst(), sae, mean);
  }

  /**
   * Returns a cross-layer transcoder in the place of all MLPs; for comparison stands the store's
   * mean of their outputs.
   *
   * @throws IllegalArgumentException when the store is of another model or does not name its hook
   *     points, or the sizes are not the model's
   */
  public static Splice of(
      Transformer model, CrossLayerTranscoder transcoder, ActivationStore store) {
    String input = hooks(model, store).getFirst().site();
    FloatMatrix mean = MeanActivation.of(store, model.device());
    FloatMatrix outputs = mean.columnRange(mean.cols() / 2, mean.cols());
    return Splice.ofCrossLayer(model, transcoder, input, outputs);
  }

  private static List<HookPoint> hooks(Transformer model, ActivationStore store) {
    String found =
        store
            .identity()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "--model: %s does not say of which hook points it is; splicing needs a store that harvest wrote"
                        .formatted(store.name())))
            .model();
    if (!found.equals(model.identity())) {
      throw new IllegalArgumentException(
          "--model: is \"%s\"; %s is of \"%s\"".formatted(model.identity(), store.name(), found));
    }
    return store.sites().stream().map(Site::hook).map(HookPoint::parse).toList();
  }

  /** Measures what the model predicts on texts with reconstructions spliced in. */
  public static SplicedLoss.Result measure(
      Splice splice, List<TokenBatch> texts, Progress.Display display) {
    SplicedLoss loss = new SplicedLoss(splice);
    try (Progress progress = display.start("splice", texts.size(), "texts")) {
      for (int i = 0; i < texts.size(); i++) {
        loss.add(texts.get(i));
        progress.update(i + 1);
      }
    }
    return loss.result();
  }
}
