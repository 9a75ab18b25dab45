package mechinterp.experiments.dashboard;

import java.io.IOException;
import java.util.function.IntConsumer;

/** The pages of all latents, made one after the other. */
public interface LatentPages {
  /** Returns how many there are. */
  int latents();

  /**
   * Makes all pages, by latent.
   *
   * @param progress hears how many are done
   */
  void forEach(Target target, IntConsumer progress) throws IOException;

  /** Takes a latent's row of the table and its page. */
  @FunctionalInterface
  interface Target {
    /** Takes them. */
    void take(Overview.Row row, LatentPage page);
  }
}
