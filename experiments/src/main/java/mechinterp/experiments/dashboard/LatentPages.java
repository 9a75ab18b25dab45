package mechinterp.experiments.dashboard;

import java.io.IOException;
import java.util.Optional;
import java.util.function.IntConsumer;
import mechinterp.analysis.layout.LatentMap;

/** The pages of all latents, made one after the other. */
public interface LatentPages {
  /** Returns how many there are. */
  int latents();

  /** Returns where they lie on the map, if there is one. */
  Optional<LatentMap> map();

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
