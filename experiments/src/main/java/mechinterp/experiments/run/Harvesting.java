package mechinterp.experiments.run;

import java.io.IOException;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.HarvestListener;
import mechinterp.activation.Harvester;
import mechinterp.experiments.console.Progress;

/** Runs a harvest and shows how far it is. */
public final class Harvesting {
  /** As many tokens as the text has. */
  public static final int ALL = Integer.MAX_VALUE;

  private Harvesting() {}

  /** A harvest, into memory or a folder. */
  @FunctionalInterface
  public interface Target {
    /** Harvests. */
    ActivationStore collect(Harvester harvester) throws IOException;
  }

  /**
   * Harvests up to {@code tokens} tokens; {@link #ALL} of them when the text is the limit.
   *
   * @throws IOException when the text cannot be read, or an activation is not a finite number
   */
  public static ActivationStore run(
      Harvester harvester, int tokens, Target target, Progress.Display display) throws IOException {
    try (Progress progress = start(tokens, display)) {
      return target.collect(harvester.with(show(progress)));
    } catch (ArithmeticException notFinite) {
      throw new IOException(notFinite.getMessage(), notFinite);
    }
  }

  private static Progress start(int tokens, Progress.Display display) {
    return tokens == ALL
        ? display.startOpenEnded("harvest", "tokens")
        : display.start("harvest", tokens, "tokens");
  }

  private static HarvestListener show(Progress progress) {
    return new HarvestListener() {
      @Override
      public void harvested(long done, long wanted) {
        progress.update(done);
      }

      @Override
      public void textEnded(long done, long wanted) {
        progress.update(done, wanted == ALL ? "" : "the text has no more");
      }
    };
  }
}
