package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.experiments.data.KnownParts;
import mechinterp.experiments.data.ModelParts;
import mechinterp.experiments.data.OpenedData;
import mechinterp.sae.Sae;

/** All tasks on one model's activations. */
final class Suite implements AutoCloseable {
  private static final int AT_ONCE = 1024;

  private final OpenedData data;
  private final ActivationStore test;
  private final ReconstructionTask reconstruction;
  private final Optional<KnownFeatureTask> knownFeatures;
  private final Optional<ConceptTask> concepts;
  private Optional<SpliceTask> splice = Optional.empty();

  private Suite(
      OpenedData data,
      ActivationStore test,
      Optional<KnownFeatureTask> knownFeatures,
      Optional<ConceptTask> concepts) {
    this.data = data;
    this.test = test;
    this.reconstruction = new ReconstructionTask(test, AT_ONCE);
    this.knownFeatures = knownFeatures;
    this.concepts = concepts;
  }

  /** Prepares the tasks that these data allow. */
  static Suite of(OpenedData data, Device device) throws IOException {
    return switch (data) {
      case KnownParts known -> {
        ActivationStore test = known.testStore();
        yield new Suite(
            data, test, Optional.of(new KnownFeatureTask(known, test, device)), Optional.empty());
      }
      case ModelParts model ->
          new Suite(data, model.test(), Optional.empty(), Optional.of(ConceptTask.of(model)));
    };
  }

  /** Returns the activations. */
  OpenedData data() {
    return data;
  }

  /**
   * Returns what all tasks find.
   *
   * @param folder of the autoencoder's files
   */
  Readings measure(Sae sae, CellRecord cell, Path folder) throws IOException {
    Readings readings = new Readings();
    reconstruction.measure(readings, sae);
    knownFeatures.ifPresent(task -> task.measure(readings, sae));
    if (data instanceof ModelParts parts && parts.model().config().unembed().isPresent()) {
      SpliceTask task = splice.isPresent() ? splice.get() : SpliceTask.of(parts, sae);
      splice = Optional.of(task);
      task.measure(readings, sae);
    }
    concepts.ifPresent(
        task -> task.measure(readings, sae, cell.kind().equals(Baseline.RAW.field())));
    CostTask.measure(readings, sae, test, cell, folder);
    return readings;
  }

  @Override
  public void close() {
    concepts.ifPresent(ConceptTask::close);
    data.close();
  }
}
