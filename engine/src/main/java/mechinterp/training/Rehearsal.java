package mechinterp.training;

import java.util.Optional;
import mechinterp.activation.ActivationBatches;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeInit;

/**
 * The first steps of a training, on buffers of its own that are dropped afterwards: how long one
 * takes, on the actual sizes and data, before the training begins. The first ones, which Java has
 * not compiled yet, do not count. Kinds whose L0 falls over the run begin with more active latents
 * and take longer here than in the mean.
 */
final class Rehearsal {
  private static final int LEAST_STEPS = 2;
  private static final int SHARE_OF_STEPS = 10;
  private static final int LEAST_RUN = 40;
  private static final double LONGEST = 3;
  private static final double NANOSECONDS = 1e9;

  private final TrainConfig config;
  private final SaeTraining training;

  Rehearsal(TrainConfig config, SaeTraining training) {
    this.config = config;
    this.training = training;
  }

  /** Returns whether a run is long enough for a rehearsal, which has no model to go on with. */
  static boolean isWorthwhile(TrainConfig config) {
    return config.steps() >= LEAST_RUN && config.endToEnd().isEmpty();
  }

  /** Returns the seconds of a step; empty where the data or the loss are not finite. */
  Optional<Double> secondsPerStep(ActivationBatches batches) {
    long position = batches.position();
    try {
      initialize(batches);
      batches.seek(position);
      return Optional.of(measured(batches));
    } catch (ArithmeticException e) {
      // The training itself will say so, with the step and the row.
      return Optional.empty();
    } finally {
      batches.seek(position);
    }
  }

  private void initialize(ActivationBatches batches) {
    Sae sae = training.objective().sae();
    float[] centre =
        SaeInit.decoderBias(
            sae.device(), DecoderBiasInit.MEAN, config.batchSize(), batches.dIn(), batches::next);
    training.initialize(config.seed(), centre, batches);
  }

  /** Returns the least of the steps' seconds. */
  private double measured(ActivationBatches batches) {
    long began = System.nanoTime();
    int most = config.steps() / SHARE_OF_STEPS;
    double least = Double.POSITIVE_INFINITY;
    double rate = config.schedule(training.objective().sae().dSae()).at(1);
    for (int step = 1;
        step <= LEAST_STEPS || (step <= most && secondsSince(began) < LONGEST);
        step++) {
      long before = System.nanoTime();
      training.stepOn(batches, config.adam().at(step, rate));
      least = Math.min(least, secondsSince(before));
    }
    return least;
  }

  private static double secondsSince(long began) {
    return (System.nanoTime() - began) / NANOSECONDS;
  }
}
