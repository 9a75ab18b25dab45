package mechinterp.sae.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import mechinterp.device.Device;
import mechinterp.io.AtomicFolder;
import mechinterp.io.FormatException;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.CrossLayerTranscoderConfig;

/**
 * Cross-layer transcoders in folders of circuit-tracer ({@code W_enc_N.safetensors}, {@code
 * W_dec_N.safetensors}, {@code config.yaml}), which are read and written, and of Gemma Scope 2
 * ({@code params_layer_N.safetensors} below a folder with {@code clt} in its name), which are read.
 */
public final class CrossLayerTranscoderFiles {
  static final String NO_AUTOENCODER =
      "holds a cross-layer transcoder, which is no autoencoder; of circuit-tracer's one layer can be named by its W_enc_N.safetensors";

  private CrossLayerTranscoderFiles() {}

  /** Returns whether a folder holds a cross-layer transcoder. */
  public static boolean areIn(Path folder) {
    return isOfCircuitTracer(folder) || GemmaScopeLayers.areIn(folder);
  }

  private static boolean isOfCircuitTracer(Path folder) {
    return Files.exists(folder.resolve(CircuitTracerLayers.encoderFile(0)));
  }

  /**
   * Returns the sizes of a folder's transcoder without reading its weights, after checking the
   * shapes of all tensors.
   *
   * @throws FormatException when a tensor is missing or has another shape, or the folder holds no
   *     cross-layer transcoder
   * @throws IOException when a file cannot be read
   */
  public static CrossLayerSizes sizes(Path folder) throws IOException {
    if (isOfCircuitTracer(folder)) {
      return CircuitTracerLayers.sizes(folder);
    }
    if (GemmaScopeLayers.areIn(folder)) {
      return GemmaScopeLayers.sizes(folder);
    }
    throw new FormatException(
        folder.toString(),
        "holds no cross-layer transcoder; expected %s, or %s below a folder with clt in its name"
            .formatted(CircuitTracerLayers.encoderFile(0), GemmaScopeLayers.file(0)));
  }

  /**
   * Returns what a folder says of its transcoder.
   *
   * @throws FormatException when the activation is neither ReLU nor JumpReLU
   * @throws IOException when a file cannot be read
   */
  public static SaeMetadata metadata(Path folder) throws IOException {
    if (!isOfCircuitTracer(folder)) {
      return SaeMetadata.from(SaeFormat.GEMMA_SCOPE_2);
    }
    CircuitTracerSettings settings = CircuitTracerSettings.in(folder);
    settings.requireThresholds();
    return settings.metadata();
  }

  /**
   * Reads a folder.
   *
   * @throws FormatException when a tensor is missing, has another shape or numbers that are not
   *     finite, or the activation is neither ReLU nor JumpReLU
   * @throws IOException when a file cannot be read
   * @throws mechinterp.device.InsufficientMemoryException when the weights do not fit on the device
   */
  public static LoadedCrossLayerTranscoder load(Path folder, Device device) throws IOException {
    SaeMetadata metadata = metadata(folder);
    CrossLayerTranscoder transcoder = allocate(device, sizes(folder), folder);
    for (int layer = 0; layer < transcoder.config().layers(); layer++) {
      if (isOfCircuitTracer(folder)) {
        CircuitTracerLayers.read(folder, layer, transcoder.layer(layer));
      } else {
        GemmaScopeLayers.read(folder, layer, transcoder);
      }
    }
    return new LoadedCrossLayerTranscoder(transcoder, metadata);
  }

  /** A matrix has a limit that files do not have. */
  private static CrossLayerTranscoder allocate(Device device, CrossLayerSizes config, Path folder)
      throws FormatException {
    try {
      return CrossLayerTranscoder.allocate(device, config);
    } catch (IllegalArgumentException e) {
      throw new FormatException(folder.toString(), String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Writes a folder as circuit-tracer's {@code to_safetensors} does, with a {@code config.yaml}
   * beside; it must be missing or empty and appears whole or not at all. Thresholds are written
   * where one is not 0.
   *
   * @throws IllegalArgumentException when there are skip connections, for which the files have no
   *     place
   * @throws IOException when the folder holds something or cannot be written
   */
  public static void save(CrossLayerTranscoder transcoder, Path folder, SaeMetadata metadata)
      throws IOException {
    if (transcoder.config().skip()) {
      throw new IllegalArgumentException(
          "format circuit-tracer: the transcoder has skip connections; files of cross-layer transcoders have no place for them");
    }
    AtomicFolder.write(folder, path -> write(transcoder, path, metadata));
  }

  static void write(CrossLayerTranscoder transcoder, Path folder, SaeMetadata metadata)
      throws IOException {
    CircuitTracerLayers.write(transcoder, folder);
    String lines = CircuitTracerSettings.lines(CrossLayerTranscoderConfig.ARCHITECTURE, metadata);
    Files.writeString(folder.resolve(CircuitTracerSettings.FILE), lines, StandardCharsets.UTF_8);
  }
}
