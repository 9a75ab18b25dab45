package mechinterp.experiments.run;

import java.util.List;
import java.util.stream.Stream;
import mechinterp.device.Device;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** What makes codes of activations, and activations of codes, some tokens at once. */
public sealed interface ActivationEncoder {
  /** Returns where the weights are. */
  Device device();

  /** Returns the width of what is encoded. */
  int dIn();

  /** Returns the width of what is made. */
  int dOut();

  /** Returns the codes that {@link #encode} writes, of {@code tokens} tokens at most. */
  SparseCodes codes();

  /** Writes the codes of tokens and what is made of them. */
  void encode(SparseCodes codes, FloatMatrix made, FloatMatrix x);

  /** Returns one for an autoencoder. */
  static ActivationEncoder of(Sae sae, int tokens) {
    return new OfSae(sae, sae.newCodes(tokens));
  }

  /**
   * Returns one for a cross-layer transcoder: what goes into the MLPs stands side by side, layer by
   * layer, so do the outputs, and its latents count on from layer to layer.
   */
  static ActivationEncoder of(CrossLayerTranscoder transcoder, int tokens) {
    List<SparseCodes> ofLayers =
        Stream.generate(() -> transcoder.newCodes(tokens))
            .limit(transcoder.config().layers())
            .toList();
    int latents = Math.multiplyExact(ofLayers.size(), transcoder.config().dSae());
    Device device = transcoder.device();
    SparseCodes all =
        new SparseCodes(
            device.ints(tokens, latents),
            device.floats(tokens, latents),
            device.ints(tokens, 1),
            latents);
    return new OfCrossLayer(transcoder, all, ofLayers);
  }

  /** An autoencoder. */
  record OfSae(Sae sae, SparseCodes codes) implements ActivationEncoder {
    @Override
    public Device device() {
      return sae.device();
    }

    @Override
    public int dIn() {
      return sae.dIn();
    }

    @Override
    public int dOut() {
      return sae.dOut();
    }

    @Override
    public void encode(SparseCodes active, FloatMatrix made, FloatMatrix x) {
      sae.encode(active, x);
      sae.reconstruct(made, active, x);
    }
  }

  /** A cross-layer transcoder. */
  record OfCrossLayer(
      CrossLayerTranscoder transcoder, SparseCodes codes, List<SparseCodes> ofLayers)
      implements ActivationEncoder {
    @Override
    public Device device() {
      return transcoder.device();
    }

    @Override
    public int dIn() {
      return transcoder.config().layers() * transcoder.config().dModel();
    }

    @Override
    public int dOut() {
      return dIn();
    }

    @Override
    public void encode(SparseCodes active, FloatMatrix made, FloatMatrix x) {
      transcoder.reconstruct(made, active, ofLayers, x);
    }
  }
}
