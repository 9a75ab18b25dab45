package mechinterp.analysis;

import java.util.List;

/**
 * A latent and those that split from it: each is active, mostly, only where its parent is, less
 * often, and writes in a similar direction.
 *
 * @param root the latent that has no parent
 * @param members the others, by number
 */
public record LatentFamily(int root, List<Member> members) {
  /** Keeps the list. */
  public LatentFamily {
    members = List.copyOf(members);
  }

  /**
   * A latent of a family.
   *
   * @param latent its number
   * @param parent the root, or another member
   * @param implication P(parent | latent)
   * @param cosine of the two decoder rows
   */
  public record Member(int latent, int parent, double implication, double cosine) {}

  /**
   * What makes a latent the parent of another.
   *
   * @param implication least P(parent | child)
   * @param lift least P(parent | child) / P(parent): what is active nearly always is no parent
   * @param cosine least cosine of the decoder rows
   */
  public record Rule(double implication, double lift, double cosine) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException when one is not possible
     */
    public Rule {
      requireRange("implication", implication, 0, 1);
      requireRange("lift", lift, 0, Double.MAX_VALUE);
      requireRange("cosine", cosine, -1, 1);
    }

    /** Returns an implication of at least 0.7, a lift of 2 and a cosine of 0.3. */
    public static Rule defaults() {
      return new Rule(0.7, 2, 0.3);
    }

    private static void requireRange(String field, double value, double least, double most) {
      if (!(value >= least && value <= most)) {
        throw new IllegalArgumentException(
            "%s: is %s; it must lie within %s to %s".formatted(field, value, least, most));
      }
    }
  }
}
