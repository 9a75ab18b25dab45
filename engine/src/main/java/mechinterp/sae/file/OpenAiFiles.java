package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.archive.TorchFile;
import mechinterp.kernel.RowNorm;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;

/**
 * Single files of {@code torch.save}: those of openai/sparse_autoencoder (pre_bias, encoder.weight,
 * latent_bias, decoder.weight; a TopK brings each activation to mean 0 and standard deviation 1)
 * and those of Goodfire (encoder_linear, decoder_linear).
 */
final class OpenAiFiles {
  /** The file's name where a folder is written. */
  static final String FILE = "autoencoder.pt";

  static final String LATENT_BIAS = "latent_bias";
  static final String ACTIVATION = "activation";
  static final String ACTIVATION_STATE = "activation_state_dict";
  static final String TOP_K = "TopK";
  static final String RELU = "ReLU";

  /** The names of Goodfire's tensors. */
  static final TensorNames GOODFIRE =
      TensorNames.linear("encoder_linear", "decoder_linear", "decoder_linear.bias");

  private static final TensorNames OPENAI =
      new TensorNames(
          TensorNames.Matrix.latentRows("encoder.weight"),
          LATENT_BIAS,
          TensorNames.Matrix.latentColumns("decoder.weight"),
          "pre_bias");

  private OpenAiFiles() {}

  /** The file's state_dict names its activation; one without a name is a ReLU. */
  static LoadedSae load(Path place, Device device) throws IOException {
    Path path = Files.isDirectory(place) ? place.resolve(FILE) : place;
    try (TorchFile file = TorchFile.open(path)) {
      Object activation = file.values().getOrDefault(ACTIVATION, RELU);
      SaeReader reader = SaeReader.of(file, OPENAI, device);
      if (activation.equals(TOP_K)) {
        Sae topK = reader.topK(k(path, file.values()));
        return loaded(NormalizedSae.of(topK, RowNorm.LAYER_NORM), SaeFormat.OPENAI);
      }
      if (!activation.equals(RELU)) {
        throw new FormatException(
            path.toString(), "has activation %s; it must be TopK or ReLU".formatted(activation));
      }
      return loaded(reader.relu(), SaeFormat.OPENAI);
    }
  }

  private static int k(Path path, Map<String, Object> values) throws FormatException {
    Object k = values.getOrDefault(ACTIVATION_STATE + ".k", "absent");
    Object after = values.getOrDefault(ACTIVATION_STATE + ".postact_fn", RELU);
    if (k instanceof Long number && number == number.intValue() && after.equals(RELU)) {
      return number.intValue();
    }
    throw new FormatException(
        path.toString(),
        "has activation TopK with k %s and postact_fn %s; k must be a number and postact_fn ReLU"
            .formatted(k, after));
  }

  static LoadedSae loadGoodfire(Path path, Device device) throws IOException {
    try (TorchFile file = TorchFile.open(path)) {
      return loaded(SaeReader.of(file, GOODFIRE, device).uncentred().relu(), SaeFormat.GOODFIRE);
    }
  }

  private static LoadedSae loaded(Sae sae, SaeFormat format) {
    return new LoadedSae(sae, SaeMetadata.from(format));
  }
}
