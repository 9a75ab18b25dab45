package mechinterp.experiments.live;

import java.util.List;
import mechinterp.analysis.steering.LatentChange;

/** What the page asks. */
sealed interface LiveQuestion {
  /**
   * The latents of a text.
   *
   * @param text what was typed
   * @param top most latents of a token
   */
  record Latents(String text, int top) implements LiveQuestion {}

  /**
   * How the model goes on with a text, untouched and with changes.
   *
   * @param prompt the text
   * @param tokens most tokens to add
   * @param temperature of the draws; 0 takes the likeliest token
   * @param seed of the draws
   * @param places where to change: all, prompt, generated, or numbers of tokens
   * @param errorKept whether the part that the autoencoder does not explain stays
   * @param changes what to change
   */
  record Texts(
      String prompt,
      int tokens,
      double temperature,
      long seed,
      String places,
      boolean errorKept,
      List<Change> changes)
      implements LiveQuestion {
    /** Keeps the list. */
    public Texts {
      changes = List.copyOf(changes);
    }
  }

  /** What becomes of an activation. */
  enum Kind {
    /** It becomes 0. */
    ABLATE,
    /** It becomes the value. */
    CLAMP,
    /** It is multiplied. */
    SCALE,
    /** The value is added. */
    ADD
  }

  /** A change of a latent; an ablation's value does not matter. */
  record Change(int latent, Kind kind, double value) {
    /** Returns the change of a latent that an intervention knows by another number. */
    LatentChange toLatentChange(int number) {
      return switch (kind) {
        case ABLATE -> new LatentChange.Ablate(number);
        case CLAMP -> new LatentChange.Clamp(number, value);
        case SCALE -> new LatentChange.Scale(number, value);
        case ADD -> new LatentChange.Add(number, value);
      };
    }
  }
}
