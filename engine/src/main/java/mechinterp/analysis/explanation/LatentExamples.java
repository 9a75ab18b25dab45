package mechinterp.analysis.explanation;

import java.util.List;

/**
 * What a judge may see of a latent. No text is in two of the lists.
 *
 * @param latent its number
 * @param max its largest activation
 * @param shown its strongest contexts, from which it is explained
 * @param active other contexts of it, of all strengths, the strongest first
 * @param inactive random contexts in which it is active nowhere
 */
public record LatentExamples(
    int latent, double max, List<Excerpt> shown, List<Excerpt> active, List<Excerpt> inactive) {
  /** Keeps the lists. */
  public LatentExamples {
    shown = List.copyOf(shown);
    active = List.copyOf(active);
    inactive = List.copyOf(inactive);
  }
}
