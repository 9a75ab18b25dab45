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

/** Compares the dictionaries of trainings that differ by their seed alone. */
final class SeedPairs {
  private SeedPairs() {}

  /** Compares all pairs of seeds that are not compared yet. */
  static void addMissing(CellStore store, Device device) throws IOException {
    Map<CellRecord, List<Path>> settings = new LinkedHashMap<>();
    for (Path folder : store.folders()) {
      CellRecord cell = CellStore.cell(folder).orElseThrow();
      if (!cell.isBaseline() && !cell.isAdded()) {
        settings.computeIfAbsent(withoutSeed(cell), _ -> new ArrayList<>()).add(folder);
      }
    }
    for (List<Path> seeds : settings.values()) {
      for (int i = 0; i < seeds.size(); i++) {
        for (int j = i + 1; j < seeds.size(); j++) {
          compare(store, seeds.get(i), seeds.get(j), device);
        }
      }
    }
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
    if (!store.hasPair(one, other)) {
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
      kernels.matmul(
          products, rows.row(i), Operand.AS_IS, others, Operand.TRANSPOSED, Write.SET);
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
