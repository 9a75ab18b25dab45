package mechinterp.sae.objective;

import java.util.Map;
import mechinterp.device.Workspace;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SparsityConfig;
import mechinterp.tensor.FloatMatrix;

/** What an autoencoder is trained for: the loss of its kind on a batch, and the loss's gradient. */
public interface SaeObjective {
  /**
   * Declares what an autoencoder is trained for, and its buffers.
   *
   * @throws IllegalArgumentException with the JSON field's name when the kind has no settings of
   *     training, or the run's do not fit its sizes
   */
  static SaeObjective of(Workspace workspace, Sae sae, ObjectiveSettings settings) {
    return new Objectives(workspace, settings).of(sae);
  }

  /** Returns the autoencoder whose loss it is. */
  Sae sae();

  /**
   * Hears what becomes of reconstructions further on, before the first loss of an objective with
   * {@link EndToEndConfig}.
   */
  void continueWith(DownstreamLoss loss);

  /**
   * Sets the weights that depend on the data before the first step, once all others are set; see
   * {@link SparsityConfig#initialL0}.
   *
   * @param rows activations as for {@link #backward}
   */
  default void calibrate(FloatMatrix rows) {}

  /**
   * Hears which step the next loss is of, for what changes from step to step.
   *
   * @param step its number, from 1
   */
  default void beginStep(int step) {}

  /**
   * Takes the loss of a batch and its gradient.
   *
   * @param rows activations [batch size, row width], as {@link SaeConfig#siteWidths} lays them out
   * @throws ArithmeticException when the activations or the loss are not finite, or when all
   *     activations are equal and the loss is normalised by their variance
   */
  SaeLoss backward(FloatMatrix rows);

  /**
   * Brings the autoencoder to what it is after training, from its weights and {@link #numbers}. It
   * may be trained on afterwards.
   */
  default void finish() {}

  /**
   * Returns the gradient of the loss that was taken last, by the names of {@link Sae#parameters}.
   * Valid until the loss is taken again.
   */
  Map<String, SaeGradient> gradients();

  /**
   * Returns by name what the next loss depends on besides the parameters and its batch: the arrays
   * themselves, which a run that goes on from a checkpoint writes into.
   */
  Map<String, long[]> numbers();
}
