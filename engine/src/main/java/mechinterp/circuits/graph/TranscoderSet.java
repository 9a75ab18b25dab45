package mechinterp.circuits.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/**
 * What stands for a model's MLPs: a transcoder for each layer or for some, or a cross-layer
 * transcoder. With z the pre-activations of a layer,
 *
 * <pre>
 *   z_i  = x_i W_enc_i + b_enc_i
 *   f_i  = z_i where the transcoder keeps it, else 0
 *   y^_t = sum over i of f_i W_dec_i,t + b_dec_t  (+ x_t W_skip_t^T)     i = t, or all i &lt;= t
 * </pre>
 */
public final class TranscoderSet {
  private static final Set<String> INPUTS =
      Set.of("hook_mlp_in", "hook_resid_mid", "hook_resid_pre", "ln2.hook_normalized");
  private static final String OUTPUT = "hook_mlp_out";

  private final int dModel;
  private final List<Optional<Layer>> layers;
  private final boolean crossLayer;

  private TranscoderSet(int dModel, List<Optional<Layer>> layers, boolean crossLayer) {
    this.dModel = dModel;
    this.layers = List.copyOf(layers);
    this.crossLayer = crossLayer;
  }

  /**
   * A transcoder and where it belongs.
   *
   * @param input what it encodes
   * @param output what it makes
   */
  public record Member(HookPoint input, HookPoint output, Sae sae) {}

  /**
   * The latents of a layer.
   *
   * @param input what they encode
   * @param sae its encoder; the first d_model columns of its decoder are for the same layer
   * @param skip W_skip [d_model, d_in]
   */
  record Layer(HookPoint input, Sae sae, Optional<FloatMatrix> skip) {}

  /**
   * Returns a set of a transcoder for each of some layers; of other layers the whole output is an
   * error.
   *
   * @param members in any order, for activations as the model makes them
   * @throws IllegalArgumentException when there are none, one is no transcoder of an MLP of this
   *     model, or two are of one layer
   */
  public static TranscoderSet ofLayers(Transformer model, List<Member> members) {
    if (members.isEmpty()) {
      throw new IllegalArgumentException("transcoders: are none; there must be at least one");
    }
    List<Optional<Layer>> layers =
        new ArrayList<>(Collections.nCopies(model.config().nLayers(), Optional.empty()));
    for (Member member : members) {
      int layer = requireFits(model, member);
      if (layers.get(layer).isPresent()) {
        throw new IllegalArgumentException(
            "transcoders: two are of layer %d; there can be one for each".formatted(layer));
      }
      layers.set(layer, Optional.of(new Layer(member.input(), member.sae(), member.sae().skip())));
    }
    return new TranscoderSet(model.config().dModel(), layers, false);
  }

  /**
   * Returns the latents of a cross-layer transcoder.
   *
   * @param input the site in each block that they encode, such as {@code hook_resid_mid}
   * @throws IllegalArgumentException when it is not of this model's sizes, or the site is none
   */
  public static TranscoderSet ofCrossLayer(
      Transformer model, CrossLayerTranscoder transcoder, String input) {
    int expected = model.config().nLayers();
    if (transcoder.config().layers() != expected) {
      throw new IllegalArgumentException(
          "transcoders: the cross-layer transcoder has %d layers, %s has %d; they must be equal"
              .formatted(transcoder.config().layers(), model.config().name(), expected));
    }
    List<Optional<Layer>> layers = new ArrayList<>();
    for (int layer = 0; layer < expected; layer++) {
      HookPoint hook = HookPoint.inBlock(layer, input);
      requireInput(model, hook, layer);
      requireWidth(model, hook, "d_model", transcoder.config().dModel());
      layers.add(Optional.of(new Layer(hook, transcoder.layer(layer), transcoder.skip(layer))));
    }
    return new TranscoderSet(model.config().dModel(), layers, true);
  }

  private static int requireFits(Transformer model, Member member) {
    HookPoint output = member.output();
    if (!output.site().equals(OUTPUT)
        || output.layer().orElse(Integer.MAX_VALUE) >= model.config().nLayers()) {
      throw new IllegalArgumentException(
          "transcoder: makes %s; attribution graphs take those of blocks.0 to blocks.%d.%s"
              .formatted(output, model.config().nLayers() - 1, OUTPUT));
    }
    int layer = output.layer().orElseThrow();
    requireInput(model, member.input(), layer);
    if (member.sae().config().centresInput() || member.sae() instanceof NormalizedSae) {
      throw new IllegalArgumentException(
          "transcoder of %s: is a %s that centres or normalises its input; it must be a transcoder, whose latents are linear in their input"
              .formatted(output, member.sae().config().architecture()));
    }
    requireWidth(model, member.input(), "d_in", member.sae().dIn());
    requireWidth(model, output, "d_out", member.sae().dOut());
    return layer;
  }

  private static void requireInput(Transformer model, HookPoint input, int layer) {
    if (input.layer().orElse(-1) != layer
        || !INPUTS.contains(input.site())
        || !model.hookPoints().contains(input)) {
      throw new IllegalArgumentException(
          "transcoder of blocks.%d.%s: encodes %s, which is not what goes into that MLP of %s; it must be one of %s"
              .formatted(
                  layer,
                  OUTPUT,
                  input,
                  model.config().name(),
                  INPUTS.stream()
                      .sorted()
                      .map(site -> HookPoint.inBlock(layer, site))
                      .filter(model.hookPoints()::contains)
                      .toList()));
    }
  }

  private static void requireWidth(Transformer model, HookPoint hook, String name, int width) {
    if (model.width(hook) != width) {
      throw new IllegalArgumentException(
          "transcoder: %s is %d wide, the transcoder's %s is %d; they must be equal"
              .formatted(hook, model.width(hook), name, width));
    }
  }

  /** Returns the number of the model's layers. */
  public int layers() {
    return layers.size();
  }

  /** Returns how many layers have latents. */
  public int layersWithLatents() {
    return (int) layers.stream().filter(Optional::isPresent).count();
  }

  /** Returns the latents of a layer, where it has some. */
  Optional<Layer> layer(int layer) {
    return layers.get(layer);
  }

  /** Returns the decoder [d_sae, d_model] of one layer's latents for the output of another. */
  Optional<FloatMatrix> decoder(int source, int target) {
    boolean writes = source == target || (crossLayer && source < target);
    int first = Math.multiplyExact(target - source, dModel);
    return layers
        .get(source)
        .filter(_ -> writes)
        .map(layer -> layer.sae().weights().wDec().columnRange(first, first + dModel));
  }

  /** Returns b_dec [1, d_model] of a layer's output, where the layer has latents. */
  Optional<FloatMatrix> decoderBias(int layer) {
    return layers.get(layer).map(latents -> latents.sae().weights().bDec().columnRange(0, dModel));
  }
}
