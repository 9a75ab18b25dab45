package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorInfo;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;

/**
 * The layers of circuit-tracer's cross-layer transcoders, two files each: {@code
 * W_enc_N.safetensors} with W_enc_N [d_sae, d_model], b_enc_N, b_dec_N and for JumpReLU
 * threshold_N, and {@code W_dec_N.safetensors} with W_dec_N [d_sae, layers - N, d_model]. Source:
 * circuit_tracer/transcoder/cross_layer_transcoder.py.
 */
final class CircuitTracerLayers {
  private static final String W_ENC = "W_enc_";
  private static final String B_ENC = "b_enc_";
  private static final String W_DEC = "W_dec_";
  private static final String B_DEC = "b_dec_";
  private static final String THRESHOLD = "threshold_";
  private static final Pattern ENCODER = Pattern.compile(W_ENC + "(\\d{1,4})\\.safetensors");

  private CircuitTracerLayers() {}

  static String encoderFile(int layer) {
    return W_ENC + layer + ".safetensors";
  }

  static String decoderFile(int layer) {
    return W_DEC + layer + ".safetensors";
  }

  static boolean isEncoder(Path file) {
    return encoder(file).matches();
  }

  private static Matcher encoder(Path file) {
    return ENCODER.matcher(String.valueOf(file.getFileName()));
  }

  /** Returns the name of the file that goes with an encoder's, if it is one. */
  static Optional<String> decoderOf(String file) {
    Matcher name = ENCODER.matcher(file);
    return name.matches()
        ? Optional.of(decoderFile(Integer.parseInt(name.group(1))))
        : Optional.empty();
  }

  /** Returns the number of layers: that of the first without an encoder. */
  private static int count(Path folder) {
    int layers = 0;
    while (Files.exists(folder.resolve(encoderFile(layers)))) {
      layers++;
    }
    return layers;
  }

  /**
   * Returns the sizes of a transcoder after checking those of all its tensors.
   *
   * @throws FormatException when a tensor is missing or has another shape
   */
  static CrossLayerSizes sizes(Path folder) throws IOException {
    int layers = count(folder);
    CrossLayerSizes sizes;
    try (SafetensorsFile first = SafetensorsFile.open(folder.resolve(encoderFile(0)))) {
      TensorNames.Matrix encoder = TensorNames.Matrix.latentRows(W_ENC + 0);
      sizes = new CrossLayerSizes(layers, encoder.width(first), encoder.latents(first), false);
    }
    for (int layer = 0; layer < layers; layer++) {
      try (SafetensorsFile encoder = SafetensorsFile.open(folder.resolve(encoderFile(layer)));
          SafetensorsFile decoder = SafetensorsFile.open(folder.resolve(decoderFile(layer)))) {
        requireShapes(encoder, layer, sizes.dModel(), sizes.dSae());
        decoder.info(W_DEC + layer, sizes.dSae(), layers - layer, sizes.dModel());
      }
    }
    return sizes;
  }

  private static void requireShapes(SafetensorsFile encoder, int layer, int dModel, int dSae)
      throws FormatException {
    encoder.info(W_ENC + layer, dSae, dModel);
    encoder.info(B_ENC + layer, dSae);
    encoder.info(B_DEC + layer, dModel);
    if (encoder.tensors().contains(THRESHOLD + layer)) {
      encoder.info(THRESHOLD + layer, dSae);
    }
  }

  /** Reads the latents of a layer into weights of the file's sizes. */
  static void read(Path folder, int layer, ThresholdSae latents) throws IOException {
    SaeWeights weights = latents.weights();
    Device device = latents.device();
    float[] ones = SaeTensors.ones(latents.dSae());
    try (SafetensorsFile encoder = SafetensorsFile.open(folder.resolve(encoderFile(layer)));
        SafetensorsFile decoder = SafetensorsFile.open(folder.resolve(decoderFile(layer)))) {
      SaeTensors tensors = new SaeTensors(encoder, device);
      tensors.readRows(weights.wEnc(), W_ENC + layer, ones);
      tensors.readBias(weights.bEnc(), B_ENC + layer, ones);
      tensors.readBias(
          weights.bDec().columnRange(0, latents.dIn()),
          B_DEC + layer,
          SaeTensors.ones(latents.dIn()));
      if (encoder.tensors().contains(THRESHOLD + layer)) {
        tensors.requireNotNegative(THRESHOLD + layer);
        tensors.readThresholds(latents.thresholds(), THRESHOLD + layer, ones);
      }
      new SaeTensors(decoder, device).readRows(weights.wDec(), W_DEC + layer, ones);
    }
    latents.weightsChanged();
  }

  /**
   * Reads one layer as a transcoder to this layer and all later ones, side by side.
   *
   * @param path the encoder's file
   */
  static LoadedSae loadOne(Path path, Device device) throws IOException {
    Path folder = CircuitTracerFiles.folderOf(path);
    Matcher name = encoder(path);
    if (!name.matches()) {
      throw new IllegalArgumentException("path: is %s; it must be an encoder".formatted(path));
    }
    int layer = Integer.parseInt(name.group(1));
    CircuitTracerSettings settings = CircuitTracerSettings.in(folder);
    settings.requireThresholds();
    ThresholdSae latents = ThresholdSae.allocate(device, oneLayer(folder, layer));
    read(folder, layer, latents);
    return new LoadedSae(latents, settings.metadata(layer));
  }

  private static JumpReluTranscoderConfig oneLayer(Path folder, int layer) throws IOException {
    try (SafetensorsFile encoder = SafetensorsFile.open(folder.resolve(encoderFile(layer)));
        SafetensorsFile decoder = SafetensorsFile.open(folder.resolve(decoderFile(layer)))) {
      TensorNames.Matrix weights = TensorNames.Matrix.latentRows(W_ENC + layer);
      int dModel = weights.width(encoder);
      int dSae = weights.latents(encoder);
      requireShapes(encoder, layer, dModel, dSae);
      TensorInfo written = decoder.info(W_DEC + layer, dSae, -1, dModel);
      if (written.rowSize() < 1 || written.rowSize() > Integer.MAX_VALUE) {
        throw new FormatException(
            decoder.source(),
            "tensor \"%s\" is %s; a latent must write from 1 to %d numbers"
                .formatted(written.name(), written.shape(), Integer.MAX_VALUE));
      }
      return new JumpReluTranscoderConfig(dModel, (int) written.rowSize(), dSae, false);
    }
  }

  /** Writes the files of all layers. */
  static void write(CrossLayerTranscoder transcoder, Path folder) throws IOException {
    boolean hasThresholds = false;
    for (int layer = 0; layer < transcoder.config().layers(); layer++) {
      hasThresholds |= hasThresholds(transcoder.layer(layer));
    }
    for (int layer = 0; layer < transcoder.config().layers(); layer++) {
      write(transcoder, layer, hasThresholds, folder);
    }
  }

  private static boolean hasThresholds(ThresholdSae latents) {
    for (float threshold : latents.device().toHost(latents.thresholds())) {
      if (threshold != 0) {
        return true;
      }
    }
    return false;
  }

  private static void write(
      CrossLayerTranscoder transcoder, int layer, boolean hasThresholds, Path folder)
      throws IOException {
    ThresholdSae latents = transcoder.layer(layer);
    SaeWeights weights = latents.weights();
    Device device = latents.device();
    int dModel = transcoder.config().dModel();
    int dSae = transcoder.config().dSae();
    SafetensorsWriter encoder =
        new SafetensorsWriter()
            .tensor(
                W_ENC + layer,
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.wEnc()),
                dSae,
                dModel)
            .tensor(
                B_ENC + layer,
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.bEnc()),
                dSae)
            .tensor(
                B_DEC + layer,
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.bDec().columnRange(0, dModel)),
                dModel);
    if (hasThresholds) {
      encoder.tensor(
          THRESHOLD + layer,
          DType.F32,
          sink -> SaeFiles.writeRows(sink, device, latents.thresholds()),
          dSae);
    }
    encoder.write(folder.resolve(encoderFile(layer)));
    new SafetensorsWriter()
        .tensor(
            W_DEC + layer,
            DType.F32,
            sink -> SaeFiles.writeRows(sink, device, weights.wDec()),
            dSae,
            transcoder.config().layers() - layer,
            dModel)
        .write(folder.resolve(decoderFile(layer)));
  }
}
