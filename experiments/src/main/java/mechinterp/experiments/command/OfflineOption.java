package mechinterp.experiments.command;

import mechinterp.model.LoadOptions;
import picocli.CommandLine.Option;

/** Whether the hub may be asked. */
final class OfflineOption {
  @Option(
      names = "--offline",
      description = "Take models of the hub only from the cache, as HF_HUB_OFFLINE=1 does.")
  private boolean offline;

  /** Returns the options for a model whose weights stay as they are. */
  LoadOptions options() {
    return of(LoadOptions.frozen());
  }

  /** Returns other options with what was said here. */
  LoadOptions of(LoadOptions options) {
    return options.withOffline(offline);
  }
}
