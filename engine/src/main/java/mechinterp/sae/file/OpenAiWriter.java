package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.archive.TorchWriter;
import mechinterp.kernel.RowNorm;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;

/**
 * Writes {@code autoencoder.pt}, which {@code Autoencoder.from_state_dict} of
 * openai/sparse_autoencoder takes: ReLU, and TopK of activations that are brought to mean 0 and
 * deviation 1 one by one. Statistics of its training are what they are before it.
 */
final class OpenAiWriter {
  private OpenAiWriter() {}

  /**
   * Returns the weights' autoencoder.
   *
   * @throws IllegalArgumentException when the library does not have the kind
   */
  static Sae require(Sae sae) {
    if (sae instanceof NormalizedSae normalized
        && normalized.norm() == RowNorm.LAYER_NORM
        && sae.config() instanceof TopKConfig) {
      return normalized.sae();
    }
    if (sae instanceof ThresholdSae relu && !relu.hasThresholds()) {
      return relu;
    }
    throw new IllegalArgumentException(
        "format openai: the autoencoder is %s; the format has ReLU, and TopK with layer_norm"
            .formatted(sae.config().architecture()));
  }

  static void write(Sae sae, Path folder) throws IOException {
    SaeWeights weights = sae.weights();
    Device device = sae.device();
    int dSae = sae.dSae();
    TorchWriter state =
        new TorchWriter()
            .tensor(
                "pre_bias",
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.bDec()),
                sae.dIn())
            .tensor(
                OpenAiFiles.LATENT_BIAS,
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.bEnc()),
                dSae)
            .tensor(
                "stats_last_nonzero", DType.I64, sink -> sink.longs(new long[dSae], 0, dSae), dSae)
            .tensor(
                "latents_activation_frequency",
                DType.F32,
                sink -> sink.floats(SaeTensors.ones(dSae), 0, dSae),
                dSae)
            .tensor(
                "latents_mean_square",
                DType.F32,
                sink -> sink.floats(new float[dSae], 0, dSae),
                dSae)
            .tensor(
                "encoder.weight",
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.wEnc()),
                dSae,
                sae.dIn())
            .tensor(
                "decoder.weight",
                DType.F32,
                sink -> SaeFiles.writeTransposed(sink, device, weights.wDec()),
                sae.dIn(),
                dSae);
    Map<String, Object> activation = new LinkedHashMap<>();
    if (sae.config() instanceof TopKConfig topK) {
      activation.put("k", topK.k());
      activation.put("postact_fn", OpenAiFiles.RELU);
    }
    state
        .text(OpenAiFiles.ACTIVATION, activation.isEmpty() ? OpenAiFiles.RELU : OpenAiFiles.TOP_K)
        .dict(OpenAiFiles.ACTIVATION_STATE, activation)
        .write(folder.resolve(OpenAiFiles.FILE));
  }
}
