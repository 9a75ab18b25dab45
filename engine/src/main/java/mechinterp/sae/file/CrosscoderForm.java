package mechinterp.sae.file;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.SaeConfig;

/** The {@code cfg.json} of a crosscoder: ours, in the manner of SAELens, which has no such kind. */
record CrosscoderForm(
    String architecture,
    int layers,
    int dModel,
    int dSae,
    Optional<Integer> k,
    String dtype,
    @JsonProperty("apply_b_dec_to_input") boolean applyDecoderBiasToInput,
    String normalizeActivations,
    Map<String, Object> metadata) {
  static final String TOPK = "topk_crosscoder";

  static CrosscoderForm of(CrosscoderConfig config, Map<String, Object> metadata) {
    return switch (config.kScope()) {
      case TOKEN ->
          form(TOPK, config, config.layers(), config.dModel(), Optional.of(config.k()), metadata);
      case BATCH -> {
        Map<String, Object> fields = new LinkedHashMap<>(metadata);
        fields.put(SaeLensConfig.TRAINED_AS, BatchTopKConfig.ARCHITECTURE);
        fields.put(SaeLensConfig.TRAINED_K, config.k());
        yield of(
            new JumpReluCrosscoderConfig(config.layers(), config.dModel(), config.dSae()), fields);
      }
    };
  }

  static CrosscoderForm of(JumpReluCrosscoderConfig config, Map<String, Object> metadata) {
    return form(
        config.architecture(),
        config,
        config.layers(),
        config.dModel(),
        Optional.empty(),
        metadata);
  }

  private static CrosscoderForm form(
      String architecture,
      SaeConfig config,
      int layers,
      int dModel,
      Optional<Integer> k,
      Map<String, Object> metadata) {
    return new CrosscoderForm(
        architecture, layers, dModel, config.dSae(), k, "float32", false, "none", metadata);
  }
}
