package mechinterp.experiments.comparison;

import mechinterp.experiments.run.SaeSettings;
import mechinterp.io.Json;
import mechinterp.io.Sha256;
import mechinterp.training.TrainConfig;

/**
 * One training of a comparison, with all that its result depends on.
 *
 * @param data what it is trained and measured on
 * @param sae what is trained
 * @param train how, with its learning rate and seed
 */
record Cell(ComparisonData data, SaeSettings sae, TrainConfig train) {
  private static final int HASH_DIGITS = 12;

  static Cell of(ComparisonConfig config, Arm arm, double learningRate, long seed) {
    return new Cell(
        config.data(),
        arm.sae(),
        config.train().toBuilder()
            .tokens(arm.tokens().orElse(config.train().tokens()))
            .learningRate(learningRate)
            .seed(seed)
            .build());
  }

  /** Returns the name of its folder: cells that differ in anything have other names. */
  String folderName(Arm arm) {
    Sha256 hash = new Sha256();
    hash.add(Json.canonical(this));
    String digits = hash.end();
    return "%s-lr%s-seed%d-%s"
        .formatted(
            arm.name(),
            train.learningRate().orElseThrow(),
            train.seed(),
            digits.substring(digits.indexOf(':') + 1).substring(0, HASH_DIGITS));
  }
}
