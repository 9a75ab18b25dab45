package mechinterp.sae.file;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.TranscoderConfig;

/**
 * SAELens' {@code cfg.json} of a transcoder. One with k latents of each token has a name that
 * SAELens does not know, {@code topk_transcoder}: under any that it knows it would encode
 * otherwise.
 */
record TranscoderForm(
    String architecture,
    int dIn,
    int dOut,
    int dSae,
    Optional<Integer> k,
    String dtype,
    String device,
    @JsonProperty("apply_b_dec_to_input") boolean applyDecoderBiasToInput,
    String normalizeActivations,
    String reshapeActivations,
    Map<String, Object> metadata) {
  static final String TOPK = "topk_transcoder";
  static final String SKIP_TOPK = "topk_skip_transcoder";
  static final String RELU = "transcoder";
  static final String SKIP_RELU = "skip_transcoder";

  static TranscoderForm of(TranscoderConfig config, Map<String, Object> metadata) {
    return switch (config.kScope()) {
      case TOKEN ->
          form(config.skip() ? SKIP_TOPK : TOPK, config, Optional.of(config.k()), metadata);
      case BATCH -> {
        Map<String, Object> fields = new LinkedHashMap<>(metadata);
        fields.put(SaeLensConfig.TRAINED_AS, BatchTopKConfig.ARCHITECTURE);
        fields.put(SaeLensConfig.TRAINED_K, config.k());
        yield of(
            new JumpReluTranscoderConfig(config.dIn(), config.dOut(), config.dSae(), config.skip()),
            fields);
      }
    };
  }

  static TranscoderForm of(JumpReluTranscoderConfig config, Map<String, Object> metadata) {
    return form(config.architecture(), config, Optional.empty(), metadata);
  }

  private static TranscoderForm form(
      String architecture, SaeConfig config, Optional<Integer> k, Map<String, Object> metadata) {
    return new TranscoderForm(
        architecture,
        config.dIn(),
        config.dOut(),
        config.dSae(),
        k,
        "float32",
        "cpu",
        false,
        "none",
        "none",
        metadata);
  }
}
