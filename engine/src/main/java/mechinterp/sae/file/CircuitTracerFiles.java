package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import mechinterp.device.Device;
import mechinterp.io.FileProblem;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.sae.Sae;

/**
 * Single layers of circuit-tracer's sets: of a set of transcoders {@code layer_N.safetensors} with
 * W_enc [d_sae, d_in] (the transpose of SAELens'), W_dec [d_sae, d_out], b_enc, b_dec, with
 * activation_function.threshold for JumpReLU and W_skip [d_out, d_in] for a skip connection; of a
 * cross-layer transcoder {@code W_enc_N.safetensors} ({@link CircuitTracerLayers}).
 */
final class CircuitTracerFiles {
  static final String THRESHOLD = "activation_function.threshold";
  static final TensorNames NAMES =
      new TensorNames(
          TensorNames.Matrix.latentRows("W_enc"),
          "b_enc",
          TensorNames.Matrix.latentRows("W_dec"),
          "b_dec");
  static final TensorNames.Matrix SKIP = TensorNames.Matrix.latentRows("W_skip");
  private static final Pattern LAYER = Pattern.compile("layer_(\\d{1,9})\\.safetensors");

  private CircuitTracerFiles() {}

  /** Returns whether a folder holds transcoders of single layers. */
  static boolean areIn(Path folder) throws IOException {
    return !layers(folder).isEmpty();
  }

  static String layerFile(int layer) {
    return "layer_%d.safetensors".formatted(layer);
  }

  static LoadedSae load(Path path, Device device) throws IOException {
    if (Files.isDirectory(path)) {
      return loadOnly(path, device);
    }
    if (CircuitTracerLayers.isEncoder(path)) {
      return CircuitTracerLayers.loadOne(path, device);
    }
    CircuitTracerSettings settings = CircuitTracerSettings.in(folderOf(path));
    settings.requireThresholds();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Set<String> tensors = file.tensors();
      Optional<String> threshold = Optional.of(THRESHOLD).filter(tensors::contains);
      if (threshold.isPresent()) {
        new SaeTensors(file, device).requireNotNegative(THRESHOLD);
      }
      Sae sae =
          SaeReader.of(file, NAMES, device)
              .uncentred()
              .jumpReluTranscoder(
                  threshold, Optional.of(SKIP).filter(skip -> tensors.contains(skip.name())));
      Matcher layer = LAYER.matcher(String.valueOf(path.getFileName()));
      return new LoadedSae(
          sae,
          layer.matches()
              ? settings.metadata(Integer.parseInt(layer.group(1)))
              : settings.metadata());
    }
  }

  static Path folderOf(Path file) {
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
  }

  /** A folder is an autoencoder when it has one layer. */
  private static LoadedSae loadOnly(Path folder, Device device) throws IOException {
    List<Path> layers = layers(folder);
    if (layers.size() != 1) {
      throw new FormatException(
          folder.toString(),
          "holds transcoders of %d layers; name one, such as %s"
              .formatted(layers.size(), layers.getFirst()));
    }
    return load(layers.getFirst(), device);
  }

  private static List<Path> layers(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> LAYER.matcher(String.valueOf(file.getFileName())).matches())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw FileProblem.reading(folder, e);
    }
  }
}
