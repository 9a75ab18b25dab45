package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.archive.TorchFile;
import mechinterp.sae.Sae;

/**
 * Single files of {@code torch.save}: those of openai/sparse_autoencoder (pre_bias, encoder.weight,
 * latent_bias, decoder.weight) and those of Goodfire (encoder_linear, decoder_linear).
 */
final class OpenAiFiles {
  static final String LATENT_BIAS = "latent_bias";

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
  static LoadedSae load(Path path, Device device) throws IOException {
    try (TorchFile file = TorchFile.open(path)) {
      Object activation = file.values().getOrDefault("activation", "ReLU");
      if (activation.equals("TopK")) {
        throw new FormatException(
            path.toString(),
            "has activation TopK, whose inputs are normalised one by one; this cannot be read yet");
      }
      if (!activation.equals("ReLU")) {
        throw new FormatException(
            path.toString(), "has activation %s; it must be ReLU".formatted(activation));
      }
      return loaded(SaeReader.of(file, OPENAI, device).relu(), SaeFormat.OPENAI);
    }
  }

  static LoadedSae loadGoodfire(Path path, Device device) throws IOException {
    try (TorchFile file = TorchFile.open(path)) {
      return loaded(SaeReader.of(file, GOODFIRE, device).uncentred().relu(), SaeFormat.GOODFIRE);
    }
  }

  private static LoadedSae loaded(Sae sae, SaeFormat format) {
    return new LoadedSae(
        sae, new SaeMetadata(Map.of()).with(SaeMetadata.SOURCE_FORMAT, format.label()));
  }
}
