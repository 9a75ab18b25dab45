package mechinterp.sae.objective;

import java.util.stream.IntStream;
import mechinterp.device.Workspace;

/** How many tokens ago each latent was last active. */
final class FiringRecord {
  private final long[] tokensSince;
  private final long deadAfterTokens;

  FiringRecord(Workspace workspace, int latents, long deadAfterTokens) {
    this.tokensSince = workspace.onHost(long[]::new, latents);
    this.deadAfterTokens = deadAfterTokens;
  }

  /**
   * Adds a batch.
   *
   * @param starts first entry of each latent in the batch's order by latent
   */
  void add(int[] starts, int tokens) {
    for (int f = 0; f < tokensSince.length; f++) {
      tokensSince[f] = starts[f + 1] > starts[f] ? 0 : tokensSince[f] + tokens;
    }
  }

  /** Returns how many tokens ago each latent was last active: the array itself. */
  long[] tokensSince() {
    return tokensSince;
  }

  /** Returns the dead latents, rising. */
  int[] dead() {
    return IntStream.range(0, tokensSince.length)
        .filter(f -> tokensSince[f] >= deadAfterTokens)
        .toArray();
  }
}
