package mechinterp.sae.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.device.Device;
import mechinterp.io.FileProblem;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.sae.Sae;

/**
 * Single layers of circuit-tracer's transcoder sets, {@code layer_N.safetensors}: W_enc [d_sae,
 * d_in] (the transpose of SAELens'), W_dec [d_sae, d_out], b_enc, b_dec, with
 * activation_function.threshold for JumpReLU and W_skip [d_out, d_in] for a skip connection.
 */
final class CircuitTracerFiles {
  private static final String CONFIG = "config.yaml";
  private static final int LARGEST_CONFIG = 1 << 20;
  private static final String THRESHOLD = "activation_function.threshold";
  private static final TensorNames NAMES =
      new TensorNames(
          TensorNames.Matrix.latentRows("W_enc"),
          "b_enc",
          TensorNames.Matrix.latentRows("W_dec"),
          "b_dec");
  private static final TensorNames.Matrix SKIP = TensorNames.Matrix.latentRows("W_skip");
  private static final Pattern LAYER = Pattern.compile("layer_(\\d{1,9})\\.safetensors");
  private static final Pattern SPARSE_ACTIVATION =
      Pattern.compile("(?m)^(?:k|topk|activation\\w*)\\s*:(?!\\s*[\"']?(?:relu|jump_?relu)\\b).*");

  private CircuitTracerFiles() {}

  static LoadedSae load(Path path, Device device) throws IOException {
    requireThresholds(path.resolveSibling(CONFIG));
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Set<String> tensors = file.tensors();
      Sae sae =
          SaeReader.of(file, NAMES, device)
              .uncentred()
              .jumpReluTranscoder(
                  Optional.of(THRESHOLD).filter(tensors::contains),
                  Optional.of(SKIP).filter(skip -> tensors.contains(skip.name())));
      return new LoadedSae(sae, metadata(path));
    }
  }

  /** A TopK, or another activation, is named by the set's settings alone. */
  private static void requireThresholds(Path config) throws IOException {
    if (!Files.isRegularFile(config)) {
      return;
    }
    String text = beginning(config);
    Matcher other = SPARSE_ACTIVATION.matcher(text);
    if (other.find()) {
      throw new FormatException(
          config.toString(),
          "has \"%s\"; transcoders with ReLU or JumpReLU can be read".formatted(other.group()));
    }
  }

  private static String beginning(Path config) throws IOException {
    try (InputStream in = Files.newInputStream(config)) {
      return new String(in.readNBytes(LARGEST_CONFIG), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw FileProblem.reading(config, e);
    }
  }

  private static SaeMetadata metadata(Path path) {
    SaeMetadata metadata =
        new SaeMetadata(Map.of()).with(SaeMetadata.SOURCE_FORMAT, SaeFormat.CIRCUIT_TRACER.label());
    Matcher layer = LAYER.matcher(String.valueOf(path.getFileName()));
    return layer.matches() ? metadata.with("layer", Integer.parseInt(layer.group(1))) : metadata;
  }
}
