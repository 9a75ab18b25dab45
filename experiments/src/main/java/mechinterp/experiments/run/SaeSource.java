package mechinterp.experiments.run;

import java.util.Map;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.sae.LoadedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeMetadata;

/**
 * What an autoencoder was trained on, as its metadata says. What is not known on either side
 * passes: a file of bare activations, or an autoencoder from elsewhere.
 */
public final class SaeSource {
  private static final String MODEL_IDENTITY = "model_identity";
  private static final String TOKENIZER_IDENTITY = "tokenizer_identity";
  private static final String TEXT_IDENTITY = "text_identity";

  private SaeSource() {}

  /** Returns the metadata of an autoencoder that was trained on a store. */
  public static SaeMetadata metadata(ActivationStore store) {
    return store
        .identity()
        .map(identity ->
            SaeMetadata.of(modelName(identity), identity.hook())
                .with(MODEL_IDENTITY, identity.model())
                .with(TOKENIZER_IDENTITY, identity.tokenizer())
                .with(TEXT_IDENTITY, identity.text()))
        .orElseGet(() -> new SaeMetadata(Map.of()));
  }

  /**
   * Returns the name in a model's identity, which is a name, a space and the hash of its weights.
   */
  public static String modelName(ActivationIdentity identity) {
    int space = identity.model().lastIndexOf(' ');
    return space < 0 ? identity.model() : identity.model().substring(0, space);
  }

  /**
   * Checks that a store holds what the autoencoder was trained on: the width, and the hook, model
   * and tokenizer as far as both sides know them.
   *
   * @throws IllegalArgumentException naming what differs
   */
  public static void requireFits(LoadedSae loaded, ActivationStore store) {
    requireWidth(loaded.sae(), store);
    store.identity().ifPresent(identity -> requireSource(loaded.metadata(), store, identity));
  }

  private static void requireWidth(Sae sae, ActivationStore store) {
    if (store.dIn() != sae.dIn()) {
      throw new IllegalArgumentException(
          "%s: is %d wide, the autoencoder's d_in is %d; they must be equal"
              .formatted(store.name(), store.dIn(), sae.dIn()));
    }
  }

  private static void requireSource(
      SaeMetadata metadata, ActivationStore store, ActivationIdentity identity) {
    ActivationIdentity trainedOn =
        new ActivationIdentity(
            metadata.text(MODEL_IDENTITY).orElse(identity.model()),
            metadata.hookName().orElse(identity.hook()),
            metadata.text(TOKENIZER_IDENTITY).orElse(identity.tokenizer()),
            identity.text());
    store.requireSameSource(trainedOn);
  }
}
