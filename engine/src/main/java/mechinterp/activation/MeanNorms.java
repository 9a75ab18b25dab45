package mechinterp.activation;

import java.util.ArrayList;
import java.util.List;

/** The mean norms of the activations at several hook points, which stand side by side in rows. */
final class MeanNorms {
  private final List<Site> sites;
  private final List<MeanNorm> norms;

  MeanNorms(List<Site> sites) {
    this.sites = List.copyOf(sites);
    this.norms = sites.stream().map(site -> new MeanNorm(site.width())).toList();
  }

  /** Adds the row from index {@code from} on. */
  void add(float[] rows, int from) {
    int at = from;
    for (int site = 0; site < sites.size(); site++) {
      norms.get(site).add(rows, at);
      at += sites.get(site).width();
    }
  }

  /** Returns the hook points with the scales that a method gives them. */
  List<Site> normalized(Normalization.Method method) {
    List<Site> normalized = new ArrayList<>();
    for (int i = 0; i < sites.size(); i++) {
      normalized.add(sites.get(i).with(Normalization.of(method, norms.get(i))));
    }
    return normalized;
  }
}
