package mechinterp.experiments.run;

import java.nio.file.Path;
import java.util.Optional;
import mechinterp.training.Checkpoints;

/**
 * Where a training is written.
 *
 * @param out the folder that it leaves
 * @param checkpoints where it goes on from and saves its states, if it does
 * @param checkpointsKept how many of them stay
 * @param liveCurves the page of curves that is written meanwhile, if one is
 * @param curvesEvery steps after which it is written again
 */
public record TrainingPlace(
    Path out,
    Optional<Checkpoints> checkpoints,
    int checkpointsKept,
    Optional<Path> liveCurves,
    int curvesEvery) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the option's name
   */
  public TrainingPlace {
    if (curvesEvery < 1) {
      throw new IllegalArgumentException(
          "curves-every: is %d; it must be at least 1".formatted(curvesEvery));
    }
  }

  /** Returns whether the page of curves is to be written after a step; it is after the last. */
  boolean curvesAreDue(int step, int steps) {
    return step % curvesEvery == 0 || step == steps;
  }
}
