package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import mechinterp.analysis.DecoderGeometry;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.SaePlace;
import mechinterp.io.Json;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormat;
import mechinterp.sae.file.SaeFormats;
import mechinterp.tensor.FloatMatrix;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code mechinterp sae info DIR}. */
@Command(
    name = "info",
    description = "Show the kind, sizes, weights and metadata of a saved sparse autoencoder.")
public final class SaeInfo implements Callable<Integer> {
  private static final Set<String> SHOWN = Set.of("architecture", "d_in", "d_sae");

  @Parameters(paramLabel = "SAE", description = SaeOption.DESCRIPTION)
  private String sae;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /**
   * What is printed.
   *
   * @param format whose files these are
   * @param sae kind and sizes
   * @param parameters how many numbers the weights have
   * @param decoderNorms norms of the rows of W_dec
   * @param encoderDecoderCosines cosines of each latent's encoder and decoder direction
   * @param metadata what the folder says of where the autoencoder came from
   */
  record Info(
      String format,
      SaeConfig sae,
      long parameters,
      Spread decoderNorms,
      Spread encoderDecoderCosines,
      Map<String, Object> metadata) {}

  /**
   * What is printed of a cross-layer transcoder.
   *
   * @param architecture its kind
   * @param sizes layers, width of the activations, latents of each layer
   * @param parameters how many numbers the weights have
   * @param metadata what the folder says of where it came from
   */
  record CrossLayerInfo(
      String architecture, CrossLayerSizes sizes, long parameters, Map<String, Object> metadata) {
    static CrossLayerInfo of(Path folder) throws IOException {
      Map<String, Object> metadata = CrossLayerTranscoderFiles.metadata(folder).fields();
      CrossLayerSizes sizes = CrossLayerTranscoderFiles.sizes(folder);
      return new CrossLayerInfo(sizes.architecture(), sizes, sizes.parameters(), metadata);
    }

    String describe() {
      return String.format(
          Locale.ROOT,
          """
          architecture            %s
          layers, d_model         %d, %d
          d_sae of each layer     %d
          skip connections        %s
          parameters              %,d
          metadata
          %s
          """,
          architecture,
          sizes.layers(),
          sizes.dModel(),
          sizes.dSae(),
          sizes.skip(),
          parameters,
          lines(metadata));
    }
  }

  /** The smallest, mean and largest of some numbers. */
  record Spread(double min, double mean, double max) {
    static Spread of(double... values) {
      var statistics = Arrays.stream(values).summaryStatistics();
      return new Spread(statistics.getMin(), statistics.getAverage(), statistics.getMax());
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.4f to %.4f, mean %.4f", min, max, mean);
    }
  }

  @Override
  public Integer call() throws IOException {
    Path path = SaePlace.find(sae, output.progress());
    if (CrossLayerTranscoderFiles.areIn(path)) {
      CrossLayerInfo info = CrossLayerInfo.of(path);
      output.print(info, info.describe());
      return 0;
    }
    try (Device device = deviceOptions.open()) {
      Info info = examine(SaeFormats.detect(path), SaeFormats.load(path, device));
      output.print(info, describe(info));
    }
    return 0;
  }

  private static Info examine(SaeFormat format, LoadedSae loaded) {
    Sae sae = loaded.sae();
    long parameters = sae.parameters().stream().mapToLong(each -> each.value().size()).sum();
    return new Info(
        format.label(),
        sae.config(),
        parameters,
        Spread.of(decoderNorms(sae)),
        Spread.of(doubles(new DecoderGeometry(sae).encoderDecoderCosines())),
        loaded.metadata().fields());
  }

  private static double[] decoderNorms(Sae sae) {
    FloatMatrix decoder = sae.weights().wDec();
    FloatMatrix squares = sae.device().floats(decoder.rows(), 1);
    sae.device().kernels().rowDots(squares, decoder, decoder);
    return Arrays.stream(doubles(sae.device().toHost(squares))).map(Math::sqrt).toArray();
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  private static String architecture(SaeConfig config) {
    return Json.node(config).properties().stream()
        .filter(field -> !SHOWN.contains(field.getKey()))
        .map(field -> ", " + field.getKey() + " = " + field.getValue())
        .collect(Collectors.joining("", config.architecture(), ""));
  }

  private static String describe(Info info) {
    return String.format(
        Locale.ROOT,
        """
        format                  %s
        architecture            %s
        d_in, d_sae             %d, %d
        parameters              %,d
        decoder norms           %s
        encoder·decoder cosine  %s
        metadata
        %s
        """,
        info.format(),
        architecture(info.sae()),
        info.sae().dIn(),
        info.sae().dSae(),
        info.parameters(),
        info.decoderNorms(),
        info.encoderDecoderCosines(),
        lines(info.metadata()));
  }

  private static String lines(Map<String, Object> metadata) {
    return metadata.isEmpty()
        ? "  none"
        : metadata.entrySet().stream()
            .map(entry -> "  " + entry.getKey() + ": " + entry.getValue())
            .collect(Collectors.joining("\n"));
  }
}
