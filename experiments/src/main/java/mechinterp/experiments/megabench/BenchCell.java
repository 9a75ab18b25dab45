package mechinterp.experiments.megabench;

import java.util.Locale;
import java.util.Optional;
import mechinterp.experiments.data.ActivationData;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.io.Json;
import mechinterp.io.Sha256;
import mechinterp.sae.SaeConfig;
import mechinterp.training.TrainConfig;

/**
 * One autoencoder of the grid.
 *
 * @param model what it explains
 * @param kind a kind of autoencoder, a baseline, or the name of one that was added
 * @param dSae number of latents; 0 where the kind says it
 * @param k active latents of a token; 0 where the kind says it
 * @param seed of weights and order
 */
record BenchCell(BenchModel model, String kind, int dSae, int k, long seed) {
  private static final int HASH_DIGITS = 12;

  /**
   * Raised when a baseline or the way to train changes.
   *
   * <p>A kind's defaults need no number: its whole configuration is in the hash.
   */
  private static final int VERSION = 1;

  /** A width that is valid for every kind; what follows from the true one, the data say. */
  private static final int SOME_WIDTH = 64;

  /** All that an autoencoder depends on. */
  private record Determined(
      int version,
      ActivationData data,
      String kind,
      int dSae,
      int k,
      Optional<SaeConfig> sae,
      TrainConfig train) {}

  /** Returns the training; nothing for a baseline. */
  Optional<SaeSettings> settings() {
    return Baseline.of(kind).isPresent()
        ? Optional.empty()
        : Optional.of(
            new SaeSettings(SaeSettings.Kind.valueOf(kind.toUpperCase(Locale.ROOT)), dSae, k));
  }

  /** Returns how it is trained. */
  TrainConfig train() {
    return model.train(kind, seed);
  }

  /** Returns the name of its folder: cells that differ in anything have other names. */
  String folderName() {
    Determined all =
        new Determined(
            VERSION,
            model.data(),
            kind,
            dSae,
            k,
            settings().map(known -> known.config(SOME_WIDTH)),
            train());
    return "%s-%s".formatted(toString(), hash(all));
  }

  static String hash(Object value) {
    String digits = new Sha256().add(Json.canonical(value)).end();
    return digits.substring(digits.indexOf(':') + 1).substring(0, HASH_DIGITS);
  }

  /** Returns it for people and folders. */
  @Override
  public String toString() {
    return model.name()
        + "-"
        + kind
        + (dSae > 0 ? "-d" + dSae : "")
        + (k > 0 ? "-k" + k : "")
        + "-seed"
        + seed;
  }
}
