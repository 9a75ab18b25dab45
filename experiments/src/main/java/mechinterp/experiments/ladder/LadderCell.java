package mechinterp.experiments.ladder;

import java.util.Locale;
import mechinterp.experiments.data.ActivationData;
import mechinterp.experiments.megabench.BenchModel;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.io.Json;
import mechinterp.io.Sha256;
import mechinterp.sae.SaeConfig;
import mechinterp.training.TrainConfig;

/**
 * One autoencoder of the ladder.
 *
 * @param model what it explains
 * @param kind of autoencoder
 * @param dSae number of latents
 * @param k active latents of a token
 * @param tokens that it is trained on
 * @param seed of weights and order
 */
record LadderCell(BenchModel model, String kind, int dSae, int k, long tokens, long seed) {
  private static final int HASH_DIGITS = 12;

  /** Raised when what is measured changes. */
  private static final int VERSION = 1;

  /** A width that is valid for every kind; what follows from the true one, the data say. */
  private static final int SOME_WIDTH = 64;

  /** All that its figures depend on. */
  private record Determined(int version, ActivationData data, SaeConfig sae, TrainConfig train) {}

  SaeConfig config(int dIn) {
    return new SaeSettings(SaeSettings.Kind.valueOf(kind.toUpperCase(Locale.ROOT)), dSae, k)
        .config(dIn);
  }

  TrainConfig train() {
    return model.train(kind, seed).toBuilder().tokens(tokens).build();
  }

  /** Returns the name of its file: cells that differ in anything have other names. */
  String fileName() {
    String digits =
        new Sha256()
            .add(Json.canonical(new Determined(VERSION, model.data(), config(SOME_WIDTH), train())))
            .end();
    String hash = digits.substring(digits.indexOf(':') + 1).substring(0, HASH_DIGITS);
    return "%s-%s.json".formatted(this, hash);
  }

  /** Returns it for people and files. */
  @Override
  public String toString() {
    return "%s-%s-d%d-k%d-t%d-seed%d".formatted(model.name(), kind, dSae, k, tokens, seed);
  }
}
