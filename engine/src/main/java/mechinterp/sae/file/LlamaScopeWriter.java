package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import mechinterp.io.DType;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.Sae;

/**
 * Writes files of Llama Scope, which have one threshold for all latents. The average norm is said
 * to be sqrt(d_model): nothing is left to be scaled.
 */
final class LlamaScopeWriter {
  private LlamaScopeWriter() {}

  /**
   * Returns what is written.
   *
   * @throws IllegalArgumentException when the format does not have the kind, thresholds differ, or
   *     the metadata name no hook point
   */
  static UncentredWeights require(Sae sae, SaeMetadata metadata) {
    UncentredWeights weights = UncentredWeights.of(sae, SaeFormat.LLAMA_SCOPE);
    if (weights.transcodes()) {
      throw new IllegalArgumentException(
          "format llama-scope: the autoencoder is %s; transcoders have no place in it here"
              .formatted(sae.config().architecture()));
    }
    if (metadata.hookName().isEmpty()) {
      throw new IllegalArgumentException(
          "format llama-scope: the metadata have no hook_name; its files name the hook point");
    }
    float[] thresholds = sae.device().toHost(weights.sae().thresholds());
    for (int latent = 0; latent < thresholds.length; latent++) {
      if (thresholds[latent] != thresholds[0]) {
        throw new IllegalArgumentException(
            "format llama-scope: the autoencoder is %s with thresholds %s and %s of latents 0 and %d; the format has one for all"
                .formatted(sae.config().architecture(), thresholds[0], thresholds[latent], latent));
      }
    }
    return weights;
  }

  static void write(UncentredWeights weights, Path folder, SaeMetadata metadata)
      throws IOException {
    Sae sae = weights.sae();
    Map<String, Object> config = new LinkedHashMap<>();
    String hook = metadata.hookName().orElseThrow();
    config.put("hook_point_in", hook);
    config.put("hook_point_out", hook);
    config.put("d_model", sae.dIn());
    config.put("d_sae", sae.dSae());
    config.put("act_fn", "jumprelu");
    config.put("jump_relu_threshold", sae.device().toHost(weights.sae().thresholds())[0]);
    config.put("norm_activation", "dataset-wise");
    Map<String, Object> norms = new LinkedHashMap<>();
    norms.put("in", Math.sqrt(sae.dIn()));
    norms.put("out", Math.sqrt(sae.dIn()));
    config.put("dataset_average_activation_norm", norms);
    config.put("use_decoder_bias", true);
    config.put("use_glu_encoder", false);
    config.put("apply_decoder_bias_to_pre_encoder", false);
    config.put("sparsity_include_decoder_norm", false);
    Json.write(folder.resolve(LlamaScopeFiles.CONFIG), config);
    Path file = folder.resolve(LlamaScopeFiles.WEIGHTS);
    Files.createDirectories(CircuitTracerFiles.folderOf(file));
    new SafetensorsWriter()
        .tensor("encoder.weight", DType.F32, weights.encoderRows(), sae.dSae(), sae.dIn())
        .tensor("encoder.bias", DType.F32, weights.encoderBias(), sae.dSae())
        .tensor("decoder.weight", DType.F32, weights.decoderColumns(), sae.dIn(), sae.dSae())
        .tensor("decoder.bias", DType.F32, weights.decoderBias(), sae.dIn())
        .write(file);
  }
}
