package mechinterp.experiments.megabench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import mechinterp.experiments.run.SaeSettings;

/**
 * What is trained and measured: every kind on every model with every number of latents, of active
 * ones and every seed, and the baselines of each. The content of a file such as {@code
 * configs/megabench-quick.json}.
 *
 * @param models places whose activations are explained
 * @param kinds of autoencoders
 * @param dSae numbers of latents
 * @param k numbers of active latents of a token
 * @param seeds of weights and order of the training
 */
public record GridConfig(
    List<BenchModel> models,
    List<SaeSettings.Kind> kinds,
    List<Integer> dSae,
    List<Integer> k,
    List<Long> seeds) {
  /**
   * Checks the lists.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public GridConfig {
    models = requireChoice("models", models);
    kinds = requireChoice("kinds", kinds);
    dSae = requireChoice("d_sae", dSae);
    k = requireChoice("k", k);
    seeds = requireChoice("seeds", seeds);
    var _ =
        requireChoice(
            "models", models.stream().map(model -> model.name() + " " + model.hook()).toList());
  }

  private static <T> List<T> requireChoice(String field, List<T> values) {
    if (values.isEmpty() || values.stream().distinct().count() < values.size()) {
      throw new IllegalArgumentException(
          "%s: are %s; there must be at least 1, all different".formatted(field, values));
    }
    return List.copyOf(values);
  }

  /**
   * Returns the part of the grid on some models.
   *
   * @throws IllegalArgumentException when there is no such model
   */
  public GridConfig withModels(List<String> names) {
    return new GridConfig(
        models.stream()
            .filter(model -> named(names, "--models", this.names()).contains(model.name()))
            .toList(),
        kinds,
        dSae,
        k,
        seeds);
  }

  private List<String> names() {
    return models.stream().map(BenchModel::name).distinct().toList();
  }

  private static List<String> named(List<String> names, String option, List<String> known) {
    names.stream()
        .filter(name -> !known.contains(name))
        .findFirst()
        .ifPresent(name -> {
          throw new IllegalArgumentException(
              "%s: is %s; the grid has %s".formatted(option, name, String.join(", ", known)));
        });
    return names;
  }

  /** Returns the grid with other kinds. */
  public GridConfig withKinds(List<SaeSettings.Kind> others) {
    return new GridConfig(models, others, dSae, k, seeds);
  }

  /** Returns the grid with so many seeds, from 1 on. */
  public GridConfig withSeeds(int number) {
    return new GridConfig(
        models, kinds, dSae, k, LongStream.rangeClosed(1, number).boxed().toList());
  }

  /** Returns the cells of a model, those of a seed together. */
  List<BenchCell> cells(BenchModel model) {
    List<BenchCell> cells = new ArrayList<>();
    for (long seed : seeds) {
      cells.add(new BenchCell(model, Baseline.RAW.field(), 0, 0, seed));
      for (int active : k) {
        cells.add(new BenchCell(model, Baseline.PCA.field(), 0, active, seed));
        if (model.hasNeurons()) {
          cells.add(new BenchCell(model, Baseline.NEURONS.field(), 0, active, seed));
        }
        for (int latents : dSae) {
          cells.add(new BenchCell(model, Baseline.RANDOM.field(), latents, active, seed));
          for (SaeSettings.Kind kind : kinds) {
            String name = kind.name().toLowerCase(Locale.ROOT);
            cells.add(new BenchCell(model, name, latents, active, seed));
          }
        }
      }
    }
    return cells;
  }

  /** Returns all cells. */
  List<BenchCell> cells() {
    return models.stream().flatMap(model -> cells(model).stream()).toList();
  }
}
