package mechinterp.experiments.megabench;

import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.experiments.data.EncodedStore;
import mechinterp.experiments.data.KnownParts;
import mechinterp.megabench.Metric;
import mechinterp.metrics.FeatureAbsorption;
import mechinterp.metrics.FeatureRecovery;
import mechinterp.metrics.FeatureSplitting;
import mechinterp.sae.Sae;
import mechinterp.synthetic.FiredFeatures;
import mechinterp.synthetic.SyntheticActivations;

/** Recovery of features that are known. */
final class KnownFeatureTask {
  private final KnownParts parts;
  private final ActivationStore store;
  private final Device device;

  /**
   * Begins.
   *
   * @param store the test activations
   */
  KnownFeatureTask(KnownParts parts, ActivationStore store, Device device) {
    this.parts = parts;
    this.store = store;
    this.device = device;
  }

  /** Measures. */
  void measure(Readings readings, Sae sae) {
    SyntheticActivations activations = parts.activations();
    FeatureRecovery recovery =
        new FeatureRecovery(device, sae.weights().wDec(), activations.directions());
    FeatureAbsorption absorption =
        new FeatureAbsorption(recovery.nearestFeatures(), activations.forest());
    FeatureSplitting splitting =
        new FeatureSplitting(device, sae.weights().wDec(), activations.directions());
    List<FiredFeatures> fired = parts.test();
    EncodedStore.of(
        sae,
        store,
        part -> {
          FiredFeatures truth = fired.get(part.first() / KnownParts.AT_ONCE);
          recovery.add(part.indices(), part.counts(), part.capacity(), truth);
          absorption.add(part.indices(), part.counts(), part.capacity(), truth);
          splitting.add(part.indices(), part.counts(), part.capacity());
        });
    FeatureRecovery.Result result = recovery.result();
    readings.put(Metric.F1, result.f1());
    readings.put(Metric.PRECISION, result.precision());
    readings.put(Metric.RECALL, result.recall());
    readings.put(Metric.MATCHED_COSINE, result.matchedCosine());
    readings.put(Metric.UNIQUENESS, result.uniqueness());
    FeatureSplitting.Result shared = splitting.result();
    readings.put(Metric.SPLIT_FEATURES, shared.split());
    readings.put(Metric.MERGED_LATENTS, shared.merged());
    if (activations.config().hierarchy().isPresent()) {
      readings.put(Metric.ABSORPTION, absorption.rate());
    }
  }
}
