package mechinterp.experiments.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.model.HookPoint;
import mechinterp.sae.file.LoadedSae;
import picocli.CommandLine.Option;

/** Where in a model an autoencoder belongs. */
final class HookOption {
  @Option(
      names = "--hook",
      paramLabel = "H",
      description = {
        "Hook point, such as blocks.3.hook_resid_post; for transcoders two, input and output.",
        "Default: what the files say."
      })
  private List<String> hooks = List.of();

  /**
   * Returns the hook points, as many as the autoencoder has.
   *
   * @param name what the user calls the autoencoder
   * @throws IllegalArgumentException when the files do not name as many, or one is no name
   */
  List<HookPoint> of(LoadedSae loaded, SaeOption name) {
    List<String> named = hooks.isEmpty() ? named(loaded) : hooks;
    int needed = loaded.sae().config().siteWidths().size();
    if (hooks.isEmpty() && named.size() != needed) {
      throw new IllegalArgumentException(
          "--hook: is missing, and the files of %s name %s; %d hook points are needed"
              .formatted(name, named, needed));
    }
    return named.stream().map(HookPoint::parse).toList();
  }

  /** Returns the site in each block that was named, for what belongs to all layers. */
  Optional<String> site() {
    return hooks.stream().findFirst().map(hook -> HookPoint.parse(hook).site());
  }

  /** Returns the hook points that the files name: what is encoded, and what else is made of it. */
  static List<String> named(LoadedSae loaded) {
    List<String> named = new ArrayList<>();
    loaded.metadata().hookName().ifPresent(named::add);
    if (!loaded.sae().config().centresInput()) {
      loaded.metadata().text("hook_name_out").ifPresent(named::add);
    }
    return named;
  }
}
