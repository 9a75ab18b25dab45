package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationStore;
import mechinterp.metrics.LatentDensity;
import mechinterp.sae.Sae;

/**
 * Counts which latents are active on the sampled rows of others. The rows are encoded again, in
 * groups of latents whose counts [latents of the group, d_sae] fit into 128 MiB.
 */
final class CoOccurrences {
  /** Memory of the counts. */
  static final long MOST_BYTES = 128L << 20;

  private final Sae sae;
  private final ActivationStore store;
  private final SampledRows samples;
  private final LatentDensity density;
  private final int batchSize;

  CoOccurrences(
      Sae sae, ActivationStore store, SampledRows samples, LatentDensity density, int batchSize) {
    this.sae = sae;
    this.store = store;
    this.samples = samples;
    this.density = density;
    this.batchSize = batchSize;
  }

  /** Sees all latents that are active where {@code latent} is, by number. */
  @FunctionalInterface
  interface Visitor {
    void visit(int latent, List<CoOccurrence> all);
  }

  /** Shows the co-occurrences of latents, in their order. */
  void forEach(List<Integer> latents, Visitor visitor) {
    int most = Math.clamp(MOST_BYTES / Short.BYTES / sae.dSae(), 1, 1 << 16);
    for (int from = 0; from < latents.size(); from += most) {
      count(latents.subList(from, Math.min(latents.size(), from + most)), visitor);
    }
  }

  private void count(List<Integer> group, Visitor visitor) {
    short[] counts = new short[Math.multiplyExact(group.size(), sae.dSae())];
    int[] sizes = new int[group.size()];
    long[] pairs = pairs(group, sizes);
    int[] rows = Arrays.stream(pairs).mapToInt(CoOccurrences::row).distinct().toArray();
    EncodedBatch batch = new EncodedBatch(sae, Math.clamp(rows.length, 1, batchSize));
    int next = 0;
    for (int from = 0; from < rows.length; from += batchSize) {
      int size = Math.min(batchSize, rows.length - from);
      batch.encode(store, rows, from, size);
      for (int i = 0; i < size; i++) {
        for (; next < pairs.length && row(pairs[next]) == rows[from + i]; next++) {
          int first = Math.multiplyExact((int) pairs[next], sae.dSae());
          batch.forEachActive(i, (latent, _) -> counts[first + latent]++);
        }
      }
    }
    for (int g = 0; g < group.size(); g++) {
      visitor.visit(group.get(g), found(group.get(g), counts, g * sae.dSae(), sizes[g]));
    }
  }

  /** Returns row and place in the group of every sampled row, by row. */
  private long[] pairs(List<Integer> group, int[] sizes) {
    long[] pairs =
        IntStream.range(0, group.size())
            .boxed()
            .flatMapToLong(g -> {
              int[] rows = samples.of(group.get(g));
              sizes[g] = rows.length;
              return Arrays.stream(rows).mapToLong(row -> ((long) row << Integer.SIZE) | g);
            })
            .toArray();
    Arrays.sort(pairs);
    return pairs;
  }

  private static int row(long pair) {
    return (int) (pair >>> Integer.SIZE);
  }

  private List<CoOccurrence> found(int latent, short[] counts, int first, int sampled) {
    List<CoOccurrence> found = new ArrayList<>();
    for (int j = 0; j < sae.dSae(); j++) {
      if (counts[first + j] > 0 && j != latent) {
        double share = (double) counts[first + j] / sampled;
        double reverse = share * density.activeTokens(latent) / density.activeTokens(j);
        found.add(new CoOccurrence(j, share, share / density.of(j), Math.min(1, reverse)));
      }
    }
    return found;
  }
}
