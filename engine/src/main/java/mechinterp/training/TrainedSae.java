package mechinterp.training;

import java.util.List;
import mechinterp.sae.Sae;

/**
 * What training gives.
 *
 * @param sae the autoencoder, for activations normalised as those that it was trained on
 * @param history the metrics of every step
 */
public record TrainedSae(Sae sae, List<StepMetrics> history) {
  /** Keeps a copy of the history. */
  public TrainedSae {
    history = List.copyOf(history);
  }
}
