package mechinterp.sae.objective;

import java.util.Optional;
import mechinterp.sae.AuxKConfig;

/**
 * What an objective needs to know of the training that it is for.
 *
 * @param steps of the run
 * @param batchSize tokens of a step
 * @param normalizer what the squared error is divided by
 * @param auxK the loss that revives dead latents
 * @param ghostGradients the loss that does so for kinds with ReLU, if they have it
 * @param kSchedule how k falls, for kinds that have one; without it k does not change
 * @param endToEnd what a model that goes on with reconstructions is asked, if it is
 */
public record ObjectiveSettings(
    int steps,
    int batchSize,
    LossNormalizer normalizer,
    AuxKConfig auxK,
    Optional<GhostGradientsConfig> ghostGradients,
    Optional<KScheduleConfig> kSchedule,
    Optional<EndToEndConfig> endToEnd) {
  /** Returns how many latents of d_sae are active from step to step. */
  KSchedule schedule(int k, int dSae) {
    return kSchedule
        .map(config -> config.schedule(k, dSae, steps))
        .orElseGet(() -> KSchedule.constant(k));
  }

  /**
   * Returns the settings of a kind whose latents AuxK cannot revive.
   *
   * @throws IllegalArgumentException when AuxK has settings of its own, which would have no effect
   */
  ObjectiveSettings withoutAuxK(String architecture) {
    AuxKConfig ignored = AuxKConfig.defaults().withDeadAfterTokens(auxK.deadAfterTokens());
    if (auxK.alpha() > 0 && !auxK.equals(ignored)) {
      throw new IllegalArgumentException(
          "aux_k: has no effect on %s, whose dead latents it cannot revive; leave all but dead_after_tokens at the defaults"
              .formatted(architecture));
    }
    return new ObjectiveSettings(
        steps, batchSize, normalizer, auxK.withAlpha(0), ghostGradients, kSchedule, endToEnd);
  }
}
