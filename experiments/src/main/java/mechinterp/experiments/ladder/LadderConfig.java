package mechinterp.experiments.ladder;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.megabench.BenchModel;
import mechinterp.experiments.run.SaeSettings;

/**
 * What is trained: every kind with every number of latents, of active ones, of tokens and every
 * seed on every model. The content of a file such as {@code configs/experiment-02-smoke.json}.
 *
 * @param models places in models whose activations are explained, and how autoencoders are trained
 *     there, but for tokens and seed
 * @param kinds of autoencoders
 * @param dSae numbers of latents
 * @param k numbers of active latents of a token
 * @param tokens numbers of tokens to train on
 * @param seeds of weights and order of the training
 */
public record LadderConfig(
    List<BenchModel> models,
    List<SaeSettings.Kind> kinds,
    List<Integer> dSae,
    List<Integer> k,
    List<Long> tokens,
    List<Long> seeds) {
  /**
   * Checks the lists.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public LadderConfig {
    models = requireChoice("models", models);
    kinds = requireChoice("kinds", kinds);
    dSae = requireChoice("d_sae", dSae);
    k = requireChoice("k", k);
    tokens = requireChoice("tokens", tokens);
    seeds = requireChoice("seeds", seeds);
    var _ = requireChoice("models", models.stream().map(BenchModel::name).toList());
    for (BenchModel model : models) {
      if (!(model.data() instanceof ModelData)) {
        throw new IllegalArgumentException(
            "models.data.source: of %s is no model; a ladder is of models".formatted(model.name()));
      }
    }
  }

  private static <T> List<T> requireChoice(String field, List<T> values) {
    if (values.isEmpty() || values.stream().distinct().count() < values.size()) {
      throw new IllegalArgumentException(
          "%s: are %s; there must be at least 1, all different".formatted(field, values));
    }
    return List.copyOf(values);
  }

  /** Returns the cells of a model, those of a seed together. */
  List<LadderCell> cells(BenchModel model) {
    List<LadderCell> cells = new ArrayList<>();
    for (long seed : seeds) {
      for (long budget : tokens) {
        for (int latents : dSae) {
          for (int active : k) {
            for (SaeSettings.Kind kind : kinds) {
              String name = kind.name().toLowerCase(Locale.ROOT);
              cells.add(new LadderCell(model, name, latents, active, budget, seed));
            }
          }
        }
      }
    }
    return cells;
  }
}
