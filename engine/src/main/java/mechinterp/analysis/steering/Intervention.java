package mechinterp.analysis.steering;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
import mechinterp.model.Generator;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;

/**
 * Autoencoders spliced into a model, with changes of their latents. With the codes f of an
 * activation x, f' the changed ones, and r what an autoencoder makes of codes,
 *
 * <pre>
 *   x' = x + r(f') - r(f)    error term kept
 *   x' = r(f')               error term dropped
 * </pre>
 *
 * Of a transcoder x is what it encodes in f, and the output of the part that it stands beside in
 * the rest. Special tokens keep their activations, since autoencoders are not trained on them.
 * Immutable: the model is never changed, and without the edits it computes what it always did.
 */
public final class Intervention {
  private final Transformer model;
  private final Map<HookPoint, SplicedSite> sites;

  private Intervention(Transformer model, Map<HookPoint, SplicedSite> sites) {
    this.model = model;
    this.sites = sites;
  }

  /** Returns an intervention that changes nothing. */
  public static Intervention of(Transformer model) {
    return new Intervention(model, Map.of());
  }

  /**
   * Returns this intervention with an autoencoder more.
   *
   * @param hook whose activations it reconstructs
   * @param sae for activations as the model makes them, on the model's device
   * @throws IllegalArgumentException when the hook point does not exist, has another width or an
   *     autoencoder already, or the autoencoder is of several hook points
   */
  public Intervention splice(HookPoint hook, Sae sae, ErrorTerm error) {
    if (sae.config().siteWidths().size() != 1) {
      throw new IllegalArgumentException(
          "splice: the %s is of %d hook points; name what it encodes and what it makes"
              .formatted(sae.config().architecture(), sae.config().siteWidths().size()));
    }
    return splice(hook, hook, sae, error);
  }

  /**
   * Returns this intervention with a transcoder more.
   *
   * @param in what it encodes
   * @param out what it makes of it, which must come later in the model
   * @throws IllegalArgumentException as {@link #splice(HookPoint, Sae, ErrorTerm)}
   */
  public Intervention splice(HookPoint in, HookPoint out, Sae sae, ErrorTerm error) {
    requireWidth(in, "d_in", sae.dIn());
    requireWidth(out, "d_out", sae.dOut());
    requireFree(out);
    return with(new SplicedSite(in, List.of(out), sae, error, List.of()));
  }

  /**
   * Returns this intervention with a cross-layer transcoder beside or in place of all MLPs: a
   * latent writes to its own layer's output and to all later ones. Its latents are changed by
   * {@code blocks.L.hook_mlp_out} of their layer L.
   *
   * @param input the site in each block that its latents see
   * @throws IllegalArgumentException when it is not of the model's sizes, there is an autoencoder
   *     already, or the error of one with skip connections is to be dropped
   */
  public Intervention splice(CrossLayerTranscoder transcoder, String input, ErrorTerm error) {
    int layers = transcoder.config().layers();
    if (layers != model.config().nLayers()) {
      throw new IllegalArgumentException(
          "splice: the cross-layer transcoder has %d layers, %s has %d; they must be equal"
              .formatted(layers, model.config().name(), model.config().nLayers()));
    }
    if (error == ErrorTerm.DROPPED && transcoder.config().skip()) {
      throw new IllegalArgumentException(
          "splice: the cross-layer transcoder has skip connections; its error must be kept");
    }
    List<HookPoint> outs = IntStream.range(0, layers).mapToObj(HookPoint::mlpOut).toList();
    Intervention spliced = this;
    for (int layer = layers - 1; layer >= 0; layer--) {
      HookPoint in = HookPoint.inBlock(layer, input);
      requireWidth(in, "d_model", transcoder.config().dModel());
      requireFree(outs.get(layer));
      List<HookPoint> own = outs.subList(layer, layers);
      spliced = spliced.with(new SplicedSite(in, own, transcoder.layer(layer), error, List.of()));
    }
    return spliced;
  }

  private void requireFree(HookPoint out) {
    if (sites.containsKey(out)) {
      throw new IllegalArgumentException(
          "splice: %s has an autoencoder already; there can be one".formatted(out));
    }
  }

  private void requireWidth(HookPoint hook, String name, int width) {
    if (model.width(hook) != width) {
      throw new IllegalArgumentException(
          "splice: %s is %d wide, the autoencoder's %s is %d; they must be equal"
              .formatted(hook, model.width(hook), name, width));
    }
  }

  /**
   * Returns this intervention with a change of a latent more; changes of one latent are made one
   * after the other.
   *
   * @param hook what its autoencoder makes
   * @throws IllegalArgumentException when there is no autoencoder, or it has no such latent
   */
  public Intervention change(HookPoint hook, LatentChange change, Positions positions) {
    SplicedSite site = sites.get(hook);
    if (site == null) {
      throw new IllegalArgumentException(
          "change: %s has no autoencoder; splice one in first".formatted(hook));
    }
    if (change.latent() < 0 || change.latent() >= site.sae().dSae()) {
      throw new IllegalArgumentException(
          "latent: is %d; it must lie within 0 to %d"
              .formatted(change.latent(), site.sae().dSae() - 1));
    }
    return with(site.with(new PlacedChange(change, positions)));
  }

  /** Returns this intervention with a change of a latent at all places. */
  public Intervention change(HookPoint hook, LatentChange change) {
    return change(hook, change, new Positions.Everywhere());
  }

  private Intervention with(SplicedSite site) {
    Map<HookPoint, SplicedSite> more = new LinkedHashMap<>(sites);
    more.put(site.out(), site);
    return new Intervention(model, more);
  }

  /** Returns what is changed. */
  public Transformer model() {
    return model;
  }

  /**
   * Returns the edits of a run or a generation. Runs that overlap need edits of their own, since a
   * transcoder keeps what it encodes until its output is there.
   */
  public Map<HookPoint, Edit> edits() {
    Map<HookPoint, Edit> edits = new LinkedHashMap<>();
    sites.values().forEach(site -> site.addTo(edits, model));
    return edits;
  }

  /** Runs the changed model. */
  public Activations run(TokenBatch batch, Set<HookPoint> captures) {
    return model.run(batch, captures, edits());
  }

  /** Returns a generator of the changed model, with a key-value cache; prompts are changed, too. */
  public Generator generator() {
    return Generator.of(model).with(edits());
  }
}
