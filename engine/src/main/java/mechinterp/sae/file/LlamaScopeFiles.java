package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.sae.Sae;

/**
 * Folders of Llama Scope (He et al. 2024, arXiv 2410.20526): {@code hyperparams.json} and {@code
 * checkpoints/final.safetensors}. The encoder sees x times s = sqrt(d_model) / (average norm of the
 * data); a latent is active where its pre-activation, times the norm of its decoder row with
 * sparsity_include_decoder_norm, is above jump_relu_threshold times s.
 */
final class LlamaScopeFiles {
  static final String CONFIG = "hyperparams.json";

  static final String WEIGHTS = "checkpoints/final.safetensors";
  private static final TensorNames NAMES = TensorNames.linear("encoder", "decoder", "decoder.bias");

  private LlamaScopeFiles() {}

  static LoadedSae load(Path folder, Device device) throws IOException {
    JsonField config = JsonField.read(folder.resolve(CONFIG));
    config.at("use_glu_encoder").requireOff();
    JsonField bias = config.at("use_decoder_bias");
    bias.require(bias.flag(true), "true");
    JsonField activation = config.at("act_fn");
    boolean known = activation.text().equals("jumprelu") || activation.text().equals("relu");
    activation.require(known, "\"jumprelu\" or \"relu\"");
    requireSamePlace(config);
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(WEIGHTS))) {
      NAMES.requireShapes(file, config.at("d_model").size(), config.at("d_sae").size());
      Sae sae = read(config, SaeReader.of(file, NAMES, device));
      return new LoadedSae(sae, metadata(config));
    }
  }

  private static Sae read(JsonField config, SaeReader file) throws IOException {
    double scale = inputScale(config);
    SaeReader scaled = file.scaled(SaeScaling.ofInput(file.dSae(), scale));
    boolean subtracts = config.at("apply_decoder_bias_to_pre_encoder").flag(false);
    SaeReader reader = subtracts ? scaled : scaled.uncentred();
    if (config.at("act_fn").text().equals("relu")) {
      return reader.relu();
    }
    JsonField field = config.at("jump_relu_threshold");
    double threshold = field.number();
    field.require(threshold >= 0 && Float.isFinite((float) threshold), "a number from 0 on");
    float[] thresholds = new float[file.dSae()];
    Arrays.fill(thresholds, (float) (threshold * scale));
    if (config.at("sparsity_include_decoder_norm").flag(true)) {
      float[] norms = file.decoderNorms();
      for (int i = 0; i < thresholds.length; i++) {
        thresholds[i] /= norms[i];
      }
    }
    return reader.jumpRelu(thresholds);
  }

  private static double inputScale(JsonField config) throws FormatException {
    JsonField mode = config.at("norm_activation");
    String name = mode.isPresent() ? mode.text() : "dataset-wise";
    if (name.equals("inference")) {
      return 1;
    }
    mode.require(name.equals("dataset-wise"), "\"dataset-wise\" or \"inference\"");
    JsonField norm = config.at("dataset_average_activation_norm").at("in");
    double average = norm.number();
    norm.require(average > 0 && Double.isFinite(average), "a number above 0");
    return Math.sqrt(config.at("d_model").size()) / average;
  }

  /** A transcoder reads at one place and writes at another. */
  private static void requireSamePlace(JsonField config) throws FormatException {
    JsonField out = config.at("hook_point_out");
    if (out.isPresent()) {
      String in = config.at("hook_point_in").text();
      out.require(
          out.text().equals(in), "\"" + in + "\", as transcoders of Llama Scope cannot be read");
    }
  }

  private static SaeMetadata metadata(JsonField config) throws FormatException {
    return SaeMetadata.from(SaeFormat.LLAMA_SCOPE)
        .with(SaeMetadata.HOOK_NAME, config.at("hook_point_in").text());
  }
}
