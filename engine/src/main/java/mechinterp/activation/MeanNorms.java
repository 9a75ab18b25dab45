package mechinterp.activation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The mean norms of the activations at several hook points, which stand side by side in rows. */
final class MeanNorms {
  private final int[] widths;
  private final List<MeanNorm> norms;
  private final int rowSize;

  MeanNorms(int[] widths) {
    this.widths = widths;
    this.norms = Arrays.stream(widths).mapToObj(MeanNorm::new).toList();
    this.rowSize = Arrays.stream(widths).sum();
  }

  void add(float[] rows, int count) {
    for (int t = 0; t < count; t++) {
      int at = t * rowSize;
      for (int site = 0; site < widths.length; site++) {
        norms.get(site).add(rows, at);
        at += widths[site];
      }
    }
  }

  /** Returns the hook points with the scales that a method gives them. */
  List<Site> normalized(List<Site> sites, Normalization.Method method) {
    List<Site> normalized = new ArrayList<>();
    for (int i = 0; i < sites.size(); i++) {
      normalized.add(sites.get(i).with(Normalization.of(method, norms.get(i))));
    }
    return normalized;
  }
}
