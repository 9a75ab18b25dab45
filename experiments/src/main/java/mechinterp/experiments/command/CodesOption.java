package mechinterp.experiments.command;

import java.util.Optional;
import mechinterp.sae.HybridSae;
import mechinterp.sae.InferenceCodes;
import mechinterp.sae.Sae;
import picocli.CommandLine.Option;

/** Which codes a hybrid shall give. */
final class CodesOption {
  @Option(
      names = "--codes",
      paramLabel = "CODES",
      description = {
        "fast (the encoder's) or full (the pursuit's) codes of a hybrid.",
        "Default: those that its folder names."
      })
  private Optional<InferenceCodes> codes = Optional.empty();

  /**
   * Returns the autoencoder with the codes that were asked for.
   *
   * @throws IllegalArgumentException when codes were asked for and it is no hybrid
   */
  Sae apply(Sae sae) {
    return codes.map(wanted -> withCodes(sae, wanted)).orElse(sae);
  }

  private static Sae withCodes(Sae sae, InferenceCodes wanted) {
    if (sae instanceof HybridSae hybrid) {
      return HybridSae.withWeightsOf(hybrid, hybrid.config().withCodes(wanted));
    }
    throw notOf(sae.config().architecture());
  }

  /**
   * Checks that no codes were asked for.
   *
   * @throws IllegalArgumentException naming the kind, which is no hybrid
   */
  void requireNone(String architecture) {
    if (codes.isPresent()) {
      throw notOf(architecture);
    }
  }

  private static IllegalArgumentException notOf(String architecture) {
    return new IllegalArgumentException(
        "--codes: is for a hybrid, the autoencoder is %s".formatted(architecture));
  }
}
