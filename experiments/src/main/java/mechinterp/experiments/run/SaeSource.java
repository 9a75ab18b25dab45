package mechinterp.experiments.run;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Site;
import mechinterp.model.Transformer;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeMetadata;

/**
 * What an autoencoder was trained on, as its metadata says. What is not known on either side
 * passes: a file of bare activations, or an autoencoder from elsewhere.
 */
public final class SaeSource {
  static final String HOOK_NAMES = "hook_names";
  private static final String HOOK_OUT = "hook_name_out";
  private static final String MODEL_IDENTITY = "model_identity";
  private static final String TOKENIZER_IDENTITY = "tokenizer_identity";
  private static final String TEXT_IDENTITY = "text_identity";

  private SaeSource() {}

  /** Returns the metadata of an autoencoder that was trained on such activations. */
  public static SaeMetadata metadata(Optional<ActivationIdentity> source, List<Site> sites) {
    return source
        .map(identity ->
            hooks(modelName(identity), sites)
                .with(MODEL_IDENTITY, identity.model())
                .with(TOKENIZER_IDENTITY, identity.tokenizer())
                .with(TEXT_IDENTITY, identity.text()))
        .orElseGet(() -> new SaeMetadata(Map.of()));
  }

  /**
   * The hook points: the first and of two the last by the names that SAELens has for what a
   * transcoder encodes and makes, and all of several.
   */
  private static SaeMetadata hooks(String modelName, List<Site> sites) {
    SaeMetadata metadata = SaeMetadata.of(modelName, sites.getFirst().hook());
    if (sites.size() == 1) {
      return metadata;
    }
    SaeMetadata all = metadata.with(HOOK_NAMES, sites.stream().map(Site::hook).toList());
    return sites.size() == 2 ? all.with(HOOK_OUT, sites.getLast().hook()) : all;
  }

  /**
   * Returns the name in a model's identity, which is a name, a space and the hash of its weights.
   */
  public static String modelName(ActivationIdentity identity) {
    int space = identity.model().lastIndexOf(' ');
    return space < 0 ? identity.model() : identity.model().substring(0, space);
  }

  /**
   * Returns what a store holds of what the autoencoder was trained on: all of it, or of more hook
   * points those that the autoencoder names.
   *
   * @throws IllegalArgumentException naming what differs: the width, or the hook, model or
   *     tokenizer as far as both sides know them
   */
  public static ActivationStore fitting(LoadedSae loaded, ActivationStore store) {
    SaeConfig config = loaded.sae().config();
    ActivationStore own = config.rowWidth() < store.dIn() ? named(loaded.metadata(), store) : store;
    requireWidth(own, config.rowWidthName(), config.rowWidth());
    own.identity().ifPresent(identity -> requireSource(loaded.metadata(), own, identity));
    return own;
  }

  private static ActivationStore named(SaeMetadata metadata, ActivationStore store) {
    List<String> held = store.sites().stream().map(Site::hook).toList();
    List<String> hooks = metadata.hookName().map(hook -> hooks(hook, metadata)).orElse(List.of());
    boolean areHeld = !hooks.isEmpty() && Collections.indexOfSubList(held, hooks) >= 0;
    return areHeld ? store.at(hooks) : store;
  }

  /**
   * Checks that an autoencoder was trained on a model's activations, as far as its files say.
   *
   * @throws IllegalArgumentException naming both models, or both tokenizers
   */
  public static void requireModel(LoadedSae loaded, Transformer model) {
    requireEqual(loaded, MODEL_IDENTITY, "model", model.identity());
    requireEqual(loaded, TOKENIZER_IDENTITY, "tokenizer", model.tokenizer().identity());
  }

  private static void requireEqual(LoadedSae loaded, String field, String what, String found) {
    loaded
        .metadata()
        .text(field)
        .filter(trainedOn -> !trainedOn.equals(found))
        .ifPresent(trainedOn -> {
          throw new IllegalArgumentException(
              "--model: %s is \"%s\"; the autoencoder was trained on \"%s\""
                  .formatted(what, found, trainedOn));
        });
  }

  /**
   * Checks how wide the rows of a store are.
   *
   * @param name what the message calls the width of the autoencoder
   * @throws IllegalArgumentException naming both widths
   */
  public static void requireWidth(ActivationStore store, String name, int expected) {
    if (store.dIn() != expected) {
      throw new IllegalArgumentException(
          "%s: is %d wide, the autoencoder's %s is %d; they must be equal"
              .formatted(store.name(), store.dIn(), name, expected));
    }
  }

  private static List<String> hooks(String hook, SaeMetadata metadata) {
    return metadata.fields().get(HOOK_NAMES) instanceof List<?> names
        ? names.stream().map(String::valueOf).toList()
        : List.of(hook);
  }

  private static void requireSource(
      SaeMetadata metadata, ActivationStore store, ActivationIdentity identity) {
    ActivationIdentity trainedOn =
        new ActivationIdentity(
            metadata.text(MODEL_IDENTITY).orElse(identity.model()),
            metadata
                .hookName()
                .map(hook -> String.join(" + ", hooks(hook, metadata)))
                .orElse(identity.hook()),
            metadata.text(TOKENIZER_IDENTITY).orElse(identity.tokenizer()),
            identity.text());
    store.requireSameSource(trainedOn);
  }
}
