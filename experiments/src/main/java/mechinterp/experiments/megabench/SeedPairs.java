package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.metrics.OptimalMatching;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/**
 * Compares the dictionaries of trainings that differ by their seed alone, each with that of the
 * next seed: as many figures as seeds, and none of them twice.
 */
final class SeedPairs {
  private SeedPairs() {}

  /** Returns the cosine of each cell with the next seed, by folder name, as far as it is known. */
  static Map<String, Double> known(CellStore store) throws IOException {
    Map<String, Double> cosines = new LinkedHashMap<>();
    for (List<Path> seeds : settings(store)) {
      for (int i = 0; i < seeds.size(); i++) {
        Optional<Path> next = next(seeds, i);
        if (next.isPresent()) {
          String own = seeds.get(i).getFileName().toString();
          Optional<CellStore.Pair> pair = store.pair(own, next.get().getFileName().toString());
          pair.ifPresent(found -> cosines.put(own, found.cosine()));
        }
      }
    }
    return cosines;
  }

  /** Compares what is not compared yet. */
  static void addMissing(CellStore store, Device device) throws IOException {
    for (List<Path> sorted : settings(store)) {
      for (int i = 0; i < sorted.size(); i++) {
        Optional<Path> next = next(sorted, i);
        if (next.isPresent()) {
          compare(store, sorted.get(i), next.get(), device);
        }
      }
    }
  }

  /** Returns the folders of each setting that is trained, by seed. */
  private static List<List<Path>> settings(CellStore store) throws IOException {
    Map<CellRecord, List<Path>> settings = new LinkedHashMap<>();
    for (Path folder : store.folders()) {
      CellRecord cell = CellStore.cell(folder).orElseThrow();
      if (!cell.isBaseline() && !cell.isAdded()) {
        settings.computeIfAbsent(withoutSeed(cell), _ -> new ArrayList<>()).add(folder);
      }
    }
    List<List<Path>> sorted = new ArrayList<>();
    for (List<Path> seeds : settings.values()) {
      sorted.add(bySeed(seeds));
    }
    return sorted;
  }

  private static List<Path> bySeed(List<Path> folders) throws IOException {
    Map<Path, Long> seeds = new LinkedHashMap<>();
    for (Path folder : folders) {
      seeds.put(folder, CellStore.cell(folder).orElseThrow().seed());
    }
    return seeds.entrySet().stream()
        .sorted(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Returns with which seed one is compared: the next one, and the last with the first, so that of
   * three or more seeds each has one other. Of two, the first alone has: there is one pair.
   */
  private static Optional<Path> next(List<Path> sorted, int i) {
    if (i + 1 < sorted.size()) {
      return Optional.of(sorted.get(i + 1));
    }
    return sorted.size() > 2 ? Optional.of(sorted.getFirst()) : Optional.empty();
  }

  private static CellRecord withoutSeed(CellRecord cell) {
    return new CellRecord(
        cell.model(),
        cell.hook(),
        cell.layer(),
        cell.kind(),
        false,
        cell.dSae(),
        cell.k(),
        0,
        Optional.empty());
  }

  private static void compare(CellStore store, Path first, Path second, Device device)
      throws IOException {
    String one = first.getFileName().toString();
    String other = second.getFileName().toString();
    if (store.pair(one, other).isEmpty()) {
      double cosine = cosine(CellStore.sae(first, device), CellStore.sae(second, device));
      store.write(new CellStore.Pair(one, other, cosine));
    }
  }

  /**
   * Returns the mean cosine of decoder rows, each with a row of the other that is its own, so that
   * the mean is as large as it can be.
   */
  static double cosine(Sae one, Sae other) {
    FloatMatrix rows = unit(one);
    FloatMatrix others = unit(other);
    Device device = one.device();
    Kernels kernels = device.kernels();
    float[][] cosines = new float[rows.rows()][others.rows()];
    FloatMatrix products = device.floats(1, others.rows());
    for (int i = 0; i < cosines.length; i++) {
      kernels.matmul(products, rows.row(i), Operand.AS_IS, others, Operand.TRANSPOSED, Write.SET);
      device.download(cosines[i], 0, products);
    }
    int[] columns = OptimalMatching.of(cosines);
    double sum = 0;
    for (int i = 0; i < cosines.length; i++) {
      sum += cosines[i][columns[i]];
    }
    return sum / cosines.length;
  }

  private static FloatMatrix unit(Sae sae) {
    FloatMatrix rows = sae.device().floats(sae.dSae(), sae.dIn());
    sae.device().kernels().normalizeRows(rows, sae.weights().wDec());
    return rows;
  }
}
