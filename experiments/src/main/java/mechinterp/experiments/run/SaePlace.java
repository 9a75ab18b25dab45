package mechinterp.experiments.run;

import java.io.IOException;
import java.nio.file.Path;
import mechinterp.experiments.console.DownloadProgress;
import mechinterp.experiments.console.Progress;
import mechinterp.io.hub.HubClient;
import mechinterp.io.hub.HubSettings;
import mechinterp.sae.file.HubSaeName;

/** Where an autoencoder lies: on this machine, or on the hub. */
public final class SaePlace {
  private SaePlace() {}

  /**
   * Returns the folder or file, after fetching one of the hub that is not in the cache.
   *
   * @param name a path, or {@code hub:OWNER/NAME[@REVISION]/PATH}
   * @throws IOException when the hub refuses, or the cache cannot be read or written
   * @throws IllegalArgumentException when a name on the hub cannot be one
   */
  public static Path find(String name, Progress.Display display) throws IOException {
    if (!name.startsWith(HubSaeName.PREFIX)) {
      return Path.of(name);
    }
    HubSaeName onHub = HubSaeName.parse(name);
    HubSettings settings =
        HubSettings.of(System.getenv(), Path.of(System.getProperty("user.home")));
    try (DownloadProgress progress = new DownloadProgress(display);
        HubClient client = new HubClient(settings, progress)) {
      return onHub.fetch(client);
    }
  }
}
