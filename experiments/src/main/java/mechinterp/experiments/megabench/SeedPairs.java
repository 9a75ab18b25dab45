package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.metrics.DictionaryAgreement;

/**
 * Compares the dictionaries of trainings that differ by their seed alone, each with that of the
 * next seed: as many figures as seeds, and none of them twice.
 */
final class SeedPairs {
  private SeedPairs() {}

  /** Returns what each cell has in common with the next seed, by folder name, where it is known. */
  static Map<String, CellStore.Pair> known(CellStore store) throws IOException {
    Map<String, CellStore.Pair> pairs = new LinkedHashMap<>();
    for (List<Path> seeds : settings(store)) {
      for (int i = 0; i < seeds.size(); i++) {
        Optional<Path> next = next(seeds, i);
        if (next.isPresent()) {
          String own = seeds.get(i).getFileName().toString();
          Optional<CellStore.Pair> pair = store.pair(own, next.get().getFileName().toString());
          pair.ifPresent(found -> pairs.put(own, found));
        }
      }
    }
    return pairs;
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
      if (!cell.isAdded() && differsBySeed(cell)) {
        settings.computeIfAbsent(withoutSeed(cell), _ -> new ArrayList<>()).add(folder);
      }
    }
    List<List<Path>> sorted = new ArrayList<>();
    for (List<Path> seeds : settings.values()) {
      sorted.add(bySeed(seeds));
    }
    return sorted;
  }

  /** Random dictionaries are compared, too: they show what is common by chance. */
  private static boolean differsBySeed(CellRecord cell) {
    return Baseline.of(cell.kind()).map(Baseline.RANDOM::equals).orElse(true);
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
      DictionaryAgreement agreement =
          DictionaryAgreement.of(
              device,
              CellStore.sae(first, device).weights().wDec(),
              CellStore.sae(second, device).weights().wDec());
      store.write(
          new CellStore.Pair(
              one,
              other,
              agreement.cosine(),
              agreement.match(),
              agreement.span(),
              Optional.of(agreement.subspace()).filter(Double::isFinite)));
    }
  }
}
