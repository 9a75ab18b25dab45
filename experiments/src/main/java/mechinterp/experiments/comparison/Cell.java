package mechinterp.experiments.comparison;

import mechinterp.experiments.data.ActivationData;
import mechinterp.io.Json;
import mechinterp.io.Sha256;
import mechinterp.sae.SaeConfig;
import mechinterp.training.TrainConfig;

/**
 * One training of a comparison, with all that its result depends on.
 *
 * @param data what it is trained and measured on
 * @param k active latents of a token
 * @param sae what is trained, its defaults included
 * @param train how, with its learning rate and seed
 */
record Cell(ActivationData data, int k, SaeConfig sae, TrainConfig train) {
  private static final int HASH_DIGITS = 12;

  /**
   * Returns a training of an arm.
   *
   * @param dIn width of the activations
   */
  static Cell of(ComparisonConfig config, Arm arm, int dIn, double learningRate, long seed) {
    return new Cell(
        config.data(),
        arm.sae().k(),
        arm.sae().config(dIn),
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
