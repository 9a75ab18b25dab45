package mechinterp.sae.objective;

import java.util.Optional;
import mechinterp.device.Workspace;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.Sae;

/** Objectives of autoencoders that tests have made. */
final class Trained {
  private Trained() {}

  static SaeObjective of(Sae sae, int batchSize, LossNormalizer normalizer, AuxKConfig aux) {
    return of(sae, 1, batchSize, normalizer, aux);
  }

  static SaeObjective of(
      Sae sae, int steps, int batchSize, LossNormalizer normalizer, AuxKConfig aux) {
    return of(sae, settings(steps, batchSize, normalizer, aux, Optional.empty()));
  }

  /** Returns settings without schedules. */
  static ObjectiveSettings settings(
      int steps,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig aux,
      Optional<GhostGradientsConfig> ghosts) {
    return new ObjectiveSettings(
        steps, batchSize, normalizer, aux, ghosts, Optional.empty(), Optional.empty());
  }

  static SaeObjective of(Sae sae, ObjectiveSettings settings) {
    return Workspace.allocate("test", sae.device(), w -> SaeObjective.of(w, sae, settings));
  }
}
