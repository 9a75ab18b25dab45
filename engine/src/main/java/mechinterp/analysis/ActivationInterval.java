package mechinterp.analysis;

import java.util.List;

/**
 * Some of the tokens on which a latent's activation lies in an interval.
 *
 * @param from least activation; 0 of the last interval
 * @param to the activations are below it
 * @param activeTokens how many tokens there are in all
 * @param samples a uniform sample of them, the strongest first; all of them where there are few
 */
public record ActivationInterval(double from, double to, long activeTokens, List<Peak> samples) {
  /** Keeps the list. */
  public ActivationInterval {
    samples = List.copyOf(samples);
  }
}
