package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;

/**
 * The layers of Gemma Scope 2's cross-layer transcoders, {@code params_layer_N.safetensors} below a
 * folder with {@code clt} in its name: w_enc [d_model, d_sae], b_enc, threshold, w_dec [d_sae,
 * layers, d_model], b_dec, and affine_skip_connection [d_in, d_out] from a layer's input to its own
 * output. What w_dec has for layers before N is passed over, as circuit-tracer does.
 */
final class GemmaScopeLayers {
  private static final String FOLDER = "clt";
  private static final String THRESHOLD = "threshold";
  private static final TensorNames.Matrix W_ENC = TensorNames.Matrix.latentColumns("w_enc");
  private static final String W_DEC = "w_dec";
  private static final TensorNames.Matrix SKIP =
      TensorNames.Matrix.latentColumns("affine_skip_connection");

  private GemmaScopeLayers() {}

  static String file(int layer) {
    return "params_layer_%d.safetensors".formatted(layer);
  }

  /** Crosscoders have files of the same names. */
  static boolean areIn(Path folder) {
    return Files.exists(folder.resolve(file(0))) && GemmaScopeFiles.liesBelow(folder, FOLDER);
  }

  /**
   * Returns the sizes of a transcoder after checking those of all its tensors.
   *
   * @throws FormatException when a tensor is missing or has another shape
   */
  static CrossLayerSizes sizes(Path folder) throws IOException {
    CrossLayerSizes sizes;
    try (SafetensorsFile first = SafetensorsFile.open(folder.resolve(file(0)))) {
      long layers = first.info(W_DEC, -1, -1, -1).shape().get(1);
      if (layers < 1 || !Files.exists(folder.resolve(file((int) layers - 1)))) {
        throw new FormatException(
            first.source(),
            "tensor \"%s\" is of %d layers; there must be a file for each"
                .formatted(W_DEC, layers));
      }
      boolean skips = first.tensors().contains(SKIP.name());
      sizes = new CrossLayerSizes((int) layers, W_ENC.width(first), W_ENC.latents(first), skips);
    }
    for (int layer = 0; layer < sizes.layers(); layer++) {
      try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(file(layer)))) {
        requireShapes(file, sizes);
      }
    }
    return sizes;
  }

  private static void requireShapes(SafetensorsFile file, CrossLayerSizes sizes)
      throws FormatException {
    file.info(W_ENC.name(), sizes.dModel(), sizes.dSae());
    file.info("b_enc", sizes.dSae());
    file.info(THRESHOLD, sizes.dSae());
    file.info(W_DEC, sizes.dSae(), sizes.layers(), sizes.dModel());
    file.info("b_dec", sizes.dModel());
    if (sizes.skip()) {
      file.info(SKIP.name(), sizes.dModel(), sizes.dModel());
    } else if (file.tensors().contains(SKIP.name())) {
      throw new FormatException(
          file.source(), "has %s; the first layer has none".formatted(SKIP.name()));
    }
  }

  /** Reads a layer into weights of the file's sizes. */
  static void read(Path folder, int layer, CrossLayerTranscoder transcoder) throws IOException {
    ThresholdSae latents = transcoder.layer(layer);
    SaeWeights weights = latents.weights();
    Device device = latents.device();
    float[] ones = SaeTensors.ones(latents.dSae());
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(file(layer)))) {
      SaeTensors tensors = new SaeTensors(file, device);
      tensors.readMatrix(weights.wEnc(), W_ENC);
      tensors.readBias(weights.bEnc(), "b_enc", ones);
      tensors.readBias(
          weights.bDec().columnRange(0, latents.dIn()), "b_dec", SaeTensors.ones(latents.dIn()));
      tensors.readThresholds(latents.thresholds(), THRESHOLD, ones);
      new SaeTensors(new LaterLayers(file, layer), device).readRows(weights.wDec(), W_DEC, ones);
      Optional<FloatMatrix> skip = transcoder.skip(layer);
      if (skip.isPresent()) {
        tensors.readMatrix(skip.get(), SKIP);
      }
    }
    latents.weightsChanged();
  }

  /** A file whose w_dec begins with the layer that the latents are of. */
  private record LaterLayers(TensorFile file, int layer) implements TensorFile {
    @Override
    public String source() {
      return file.source();
    }

    @Override
    public Set<String> tensors() {
      return file.tensors();
    }

    @Override
    public TensorInfo info(String name) throws FormatException {
      TensorInfo all = file.info(name);
      List<Long> shape = all.shape();
      return new TensorInfo(
          name,
          all.dtype(),
          List.of(shape.getFirst(), shape.get(1) - layer, shape.getLast()),
          all.begin(),
          all.end());
    }

    /** {@code first} and {@code count} are whole rows. */
    @Override
    public void readFloats(TensorInfo info, long first, float[] to, int offset, int count)
        throws IOException {
      TensorInfo all = file.info(info.name());
      int width = (int) info.rowSize();
      long before = all.rowSize() - width;
      for (int row = 0; row < count / width; row++) {
        long from = (first / width + row) * all.rowSize() + before;
        file.readFloats(all, from, to, offset + row * width, width);
      }
    }

    @Override
    public void close() {
      file.close();
    }
  }
}
