package mechinterp.experiments.command;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.live.LiveModel;
import mechinterp.experiments.live.LiveServer;
import mechinterp.experiments.run.SaeSource;
import mechinterp.experiments.run.TranscoderFolders;
import mechinterp.model.Transformer;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp serve}. */
@Command(
    name = "serve",
    description = {
      "A page on this machine: type a text, see each token's latents, change latents and compare",
      "what the model writes. Ctrl-C ends it."
    })
public final class Serve implements Callable<Integer> {
  private static final int LARGEST_PORT = 65_535;

  @Mixin private ModelOptions modelOptions;
  @Mixin private SaeOption sae;
  @Mixin private HookOption hook;

  @Option(
      names = "--dashboard",
      paramLabel = "DIR",
      description = "Folder that dashboard wrote: names for latents, and their pages.")
  private Optional<Path> dashboard = Optional.empty();

  @Option(
      names = "--host",
      paramLabel = "NAME",
      description =
          "Address to listen on. Default: ${DEFAULT-VALUE}, which only this machine can reach.")
  private String host = "localhost";

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Port to listen on; 0 takes a free one. Default: ${DEFAULT-VALUE}.")
  private int port = 8642;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed once the page is there. */
  record Result(String address, String model, String sae, List<String> hooks) {}

  @Override
  public Integer call() throws IOException {
    if (port < 0 || port > LARGEST_PORT) {
      throw new IllegalArgumentException(
          "--port: is %d; it must lie within 0 to %d".formatted(port, LARGEST_PORT));
    }
    if (dashboard.isPresent() && !Files.exists(dashboard.get().resolve("data/overview.js"))) {
      throw new IOException(dashboard.get() + ": is no folder that dashboard wrote");
    }
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, _ -> {});
      LiveModel live = live(model, sae.find(output));
      try (LiveServer server =
          LiveServer.start(new InetSocketAddress(host, port), live, dashboard)) {
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
        Result result =
            new Result(
                server.address().toString(), model.config().name(), sae.toString(), live.hooks());
        output.print(result, "open %s; Ctrl-C ends it".formatted(result.address()));
        server.await();
      }
    }
    return 0;
  }

  private LiveModel live(Transformer model, Path place) throws IOException {
    if (CrossLayerTranscoderFiles.areIn(place)) {
      TranscoderFolders.CrossLayer loaded =
          new TranscoderFolders(model, hook.site()).load(List.of(place)).crossLayer().orElseThrow();
      return LiveModel.of(model, loaded.transcoder(), sae.toString(), loaded.site());
    }
    LoadedSae loaded = SaeFormats.load(place, model.device());
    SaeSource.requireModel(loaded, model);
    return LiveModel.of(model, loaded.sae(), sae.toString(), hook.of(loaded, sae));
  }
}
