package mechinterp.experiments.live;

import java.util.List;

/** What the page gets. */
sealed interface LiveAnswer {
  /**
   * What is served.
   *
   * @param model the model's name
   * @param sae the autoencoder's name
   * @param hook where it is
   * @param latents d_sae
   * @param dashboard whether there are pages of latents
   * @param generates whether the model predicts tokens
   */
  record About(
      String model, String sae, String hook, int latents, boolean dashboard, boolean generates)
      implements LiveAnswer {}

  /** The tokens of a text. */
  record Tokens(List<Token> tokens) implements LiveAnswer {}

  /**
   * A token.
   *
   * @param text as it is written, with the space before
   * @param active how many latents are active on it
   * @param latents the strongest of them
   */
  record Token(String text, int active, List<Latent> latents) {}

  /** A latent and its activation. */
  record Latent(int latent, double activation) {}

  /**
   * Texts side by side.
   *
   * @param untouched what the model adds
   * @param changed what it adds with the changes
   */
  record Texts(String untouched, String changed) implements LiveAnswer {}

  /** One line that says why there is no answer. */
  record Problem(String problem) implements LiveAnswer {}
}
