package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import mechinterp.metrics.LatentDensity;

/**
 * Finds families: of the latents that a latent implies, that are active more often and whose
 * decoder rows are similar, the one with the largest cosine is its parent, of equal ones the first.
 */
final class LatentFamilies {
  private final LatentDensity density;
  private final LatentFamily.Rule rule;
  private final List<Integer> children = new ArrayList<>();
  private final List<CoOccurrence> candidates = new ArrayList<>();

  LatentFamilies(LatentDensity density, LatentFamily.Rule rule) {
    this.density = density;
    this.rule = rule;
  }

  /** Adds what a latent implies. */
  void add(int latent, List<CoOccurrence> all) {
    for (CoOccurrence other : all) {
      if (other.share() >= rule.implication()
          && other.lift() >= rule.lift()
          && density.activeTokens(other.latent()) > density.activeTokens(latent)) {
        children.add(latent);
        candidates.add(other);
      }
    }
  }

  /** Returns the families, by root. */
  List<LatentFamily> find(DecoderGeometry geometry) {
    float[] cosines =
        geometry.cosines(children, candidates.stream().map(CoOccurrence::latent).toList());
    Map<Integer, LatentFamily.Member> parents = new TreeMap<>();
    for (int i = 0; i < cosines.length; i++) {
      if (cosines[i] >= rule.cosine()) {
        CoOccurrence parent = candidates.get(i);
        parents.merge(
            children.get(i),
            new LatentFamily.Member(children.get(i), parent.latent(), parent.share(), cosines[i]),
            (a, b) -> b.cosine() > a.cosine() ? b : a);
      }
    }
    Map<Integer, List<LatentFamily.Member>> families = new TreeMap<>();
    parents
        .values()
        .forEach(member ->
            families.computeIfAbsent(root(member, parents), _ -> new ArrayList<>()).add(member));
    return families.entrySet().stream()
        .map(family -> new LatentFamily(family.getKey(), family.getValue()))
        .toList();
  }

  /** Ends, since a parent is active more often than its child. */
  private static int root(LatentFamily.Member member, Map<Integer, LatentFamily.Member> parents) {
    int latent = member.parent();
    Optional<LatentFamily.Member> next = Optional.ofNullable(parents.get(latent));
    while (next.isPresent()) {
      latent = next.get().parent();
      next = Optional.ofNullable(parents.get(latent));
    }
    return latent;
  }
}
