package mechinterp.metrics;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** What makes something of rows of activations by way of codes, as far as it is measured. */
sealed interface Evaluated {
  /** Returns where the weights are. */
  Device device();

  /** Returns the width of a row: what is encoded, and behind it what else is made of it. */
  int rowWidth();

  /** Returns the widths of the hook points whose activations are made. */
  List<Integer> targetWidths();

  /** Returns the number of latents. */
  int latents();

  /** Returns the largest number of active latents of a token. */
  int maxActive();

  /** Returns the columns of rows that are made of the codes. */
  FloatMatrix targets(FloatMatrix rows);

  /** Writes the codes of rows and what is made of them. */
  void reconstruct(SparseCodes codes, FloatMatrix made, FloatMatrix rows);

  /** An autoencoder or transcoder. */
  record OfSae(Sae sae) implements Evaluated {
    @Override
    public Device device() {
      return sae.device();
    }

    @Override
    public int rowWidth() {
      return sae.config().rowWidth();
    }

    @Override
    public List<Integer> targetWidths() {
      return sae.config().targetWidths();
    }

    @Override
    public int latents() {
      return sae.dSae();
    }

    @Override
    public int maxActive() {
      return sae.maxActive();
    }

    @Override
    public FloatMatrix targets(FloatMatrix rows) {
      return sae.targets(rows);
    }

    @Override
    public void reconstruct(SparseCodes codes, FloatMatrix made, FloatMatrix rows) {
      FloatMatrix x = sae.inputs(rows);
      sae.encode(codes, x);
      sae.reconstruct(made, codes, x);
    }
  }

  /**
   * A cross-layer transcoder, whose latents count layer by layer.
   *
   * @param ofLayers room for the codes of each layer
   */
  record OfCrossLayer(CrossLayerTranscoder transcoder, List<SparseCodes> ofLayers)
      implements Evaluated {
    static OfCrossLayer declare(
        Workspace workspace, CrossLayerTranscoder transcoder, int batchSize) {
      CrossLayerSizes sizes = transcoder.config();
      return new OfCrossLayer(
          transcoder,
          IntStream.range(0, sizes.layers())
              .mapToObj(layer ->
                  workspace.codes(
                      "evaluation codes of layer " + layer, batchSize, sizes.dSae(), sizes.dSae()))
              .toList());
    }

    private CrossLayerSizes sizes() {
      return transcoder.config();
    }

    private int half() {
      return sizes().layers() * sizes().dModel();
    }

    @Override
    public Device device() {
      return transcoder.device();
    }

    @Override
    public int rowWidth() {
      return 2 * half();
    }

    @Override
    public List<Integer> targetWidths() {
      return Collections.nCopies(sizes().layers(), sizes().dModel());
    }

    @Override
    public int latents() {
      return Math.multiplyExact(sizes().layers(), sizes().dSae());
    }

    @Override
    public int maxActive() {
      return latents();
    }

    @Override
    public FloatMatrix targets(FloatMatrix rows) {
      return rows.columnRange(half(), rowWidth());
    }

    @Override
    public void reconstruct(SparseCodes codes, FloatMatrix made, FloatMatrix rows) {
      transcoder.reconstruct(made, codes, ofLayers, rows.columnRange(0, half()));
    }
  }
}
