package mechinterp.sae;

import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An autoencoder around another one, whose weights it has: what it does not do in its own way the
 * inner one does.
 */
public sealed interface WrappedSae extends Sae permits NormalizedSae, SelectedSae {
  /** Returns the inner autoencoder. */
  Sae sae();

  @Override
  default SaeConfig config() {
    return sae().config();
  }

  @Override
  default Device device() {
    return sae().device();
  }

  @Override
  default SaeWeights weights() {
    return sae().weights();
  }

  @Override
  default List<SaeParameter> parameters() {
    return sae().parameters();
  }

  @Override
  default int maxActive() {
    return sae().maxActive();
  }

  @Override
  default void prepareInputs(FloatMatrix out, FloatMatrix x) {
    sae().prepareInputs(out, x);
  }

  @Override
  default void decode(FloatMatrix out, SparseCodes codes) {
    sae().decode(out, codes);
  }

  @Override
  default void reconstruct(FloatMatrix out, SparseCodes codes, FloatMatrix x) {
    sae().reconstruct(out, codes, x);
  }

  @Override
  default void decoderScales(FloatMatrix out, FloatMatrix x) {
    sae().decoderScales(out, x);
  }

  @Override
  default Optional<FloatMatrix> skip() {
    return sae().skip();
  }

  @Override
  default void weightsChanged() {
    sae().weightsChanged();
  }
}
