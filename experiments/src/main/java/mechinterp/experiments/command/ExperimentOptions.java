package mechinterp.experiments.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import mechinterp.io.Json;
import picocli.CommandLine.Option;

/** How large an experiment is, and where its results go. */
final class ExperimentOptions {
  /** Sizes of an experiment. */
  enum Profile {
    SMOKE,
    STANDARD,
    FULL
  }

  @Option(
      names = "--profile",
      paramLabel = "P",
      description =
          "smoke (minutes), standard (hours) or full (a day or more). Default: ${DEFAULT-VALUE}.")
  private Profile profile = Profile.SMOKE;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Settings of your own as JSON, in place of a profile's.")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the results. Default: runs/experiment-NUMBER-PROFILE.")
  private Optional<Path> out = Optional.empty();

  /** Returns the settings of an experiment. */
  <T> T read(String experiment, Class<T> type) throws IOException {
    if (config.isPresent()) {
      return Json.read(config.get(), type);
    }
    String file = name(experiment) + ".json";
    try (InputStream in =
        ExperimentOptions.class.getResourceAsStream("/mechinterp/configs/" + file)) {
      if (in == null) {
        throw new IllegalArgumentException(
            "--profile: experiment %s has no profile %s; --config takes settings of your own"
                .formatted(experiment, profileName()));
      }
      return Json.read("configs/" + file, in, type);
    }
  }

  /** Returns the folder of an experiment's results. */
  Path out(String experiment) {
    return out.orElse(Path.of("runs", name(experiment)));
  }

  private String name(String experiment) {
    return "experiment-%s-%s".formatted(experiment, profileName());
  }

  private String profileName() {
    return profile.name().toLowerCase(Locale.ROOT);
  }
}
