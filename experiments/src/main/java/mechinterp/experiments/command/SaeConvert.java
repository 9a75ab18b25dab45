package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.LoadedCrossLayerTranscoder;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormat;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp sae convert}. */
@Command(name = "convert", description = "Write an autoencoder in the files of another library.")
public final class SaeConvert implements Callable<Integer> {
  @Mixin private SaeOption sae;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description =
          "saelens, sparsify, dictionary-learning, gemma-scope, gemma-scope-2, llama-scope, openai or circuit-tracer.")
  private String format;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write, missing or empty.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String in, String inFormat, String out, String format) {}

  @Override
  public Integer call() throws IOException {
    SaeFormat target = target();
    try (Device device = deviceOptions.open()) {
      Path in = sae.find(output);
      if (CrossLayerTranscoderFiles.areIn(in)) {
        convertCrossLayer(in, target, device);
        return 0;
      }
      SaeFormat source = SaeFormats.detect(in);
      LoadedSae loaded = SaeFormats.load(in, device);
      SaeFormats.save(loaded.sae(), out, target, loaded.metadata());
      Result result = new Result(sae.toString(), source.label(), out.toString(), target.label());
      output.print(
          result, "%s: %s, from %s of %s".formatted(out, target.label(), sae, source.label()));
    }
    return 0;
  }

  private void convertCrossLayer(Path in, SaeFormat target, Device device) throws IOException {
    if (target != SaeFormat.CIRCUIT_TRACER) {
      throw new IllegalArgumentException(
          "--format: is %s; a cross-layer transcoder can be written as circuit-tracer"
              .formatted(format));
    }
    LoadedCrossLayerTranscoder loaded = CrossLayerTranscoderFiles.load(in, device);
    CrossLayerTranscoderFiles.save(loaded.transcoder(), out, loaded.metadata());
    String source = loaded.metadata().text("source_format").orElse(target.label());
    output.print(
        new Result(sae.toString(), source, out.toString(), target.label()),
        "%s: %s, from %s of %s".formatted(out, target.label(), sae, source));
  }

  private SaeFormat target() {
    List<SaeFormat> formats = SaeFormats.writable();
    return Arrays.stream(SaeFormat.values())
        .filter(formats::contains)
        .filter(candidate -> candidate.label().equals(format))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "--format: is %s; it must be one of %s"
                    .formatted(format, formats.stream().map(SaeFormat::label).toList())));
  }
}
