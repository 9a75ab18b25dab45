package mechinterp.sae.file;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorFile;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatchingPursuitSae;

/**
 * SAELens' {@code cfg.json} of a matching pursuit. Its tensors are W_dec [d_sae, d_in] and b_dec
 * [d_in] alone.
 */
record MatchingPursuitForm(
    String architecture,
    int dIn,
    int dSae,
    double residualThreshold,
    Optional<Integer> maxIterations,
    boolean stopOnDuplicateSupport,
    String dtype,
    String device,
    @JsonProperty("apply_b_dec_to_input") boolean applyDecoderBiasToInput,
    String normalizeActivations,
    String reshapeActivations,
    Map<String, Object> metadata) {
  /** SAELens' own, for a file that does not say. */
  private static final double RESIDUAL_THRESHOLD = 1e-2;

  static MatchingPursuitForm of(MatchingPursuitConfig config, Map<String, Object> metadata) {
    return new MatchingPursuitForm(
        MatchingPursuitConfig.ARCHITECTURE,
        config.dIn(),
        config.dSae(),
        config.residualThreshold(),
        config.maxIterations(),
        config.stopOnDuplicateSupport(),
        "float32",
        "cpu",
        true,
        "none",
        "none",
        metadata);
  }

  /** Returns what a file says. */
  static MatchingPursuitConfig config(JsonField file) throws FormatException {
    JsonField iterations = file.at("max_iterations");
    return new MatchingPursuitConfig(
        file.at("d_in").size(),
        file.at("d_sae").size(),
        file.at("residual_threshold").number(RESIDUAL_THRESHOLD),
        iterations.isAbsent() ? Optional.empty() : Optional.of(iterations.size()),
        file.at("stop_on_duplicate_support").flag(true));
  }

  static void write(MatchingPursuitSae sae, Path file) throws IOException {
    Device device = sae.device();
    new SafetensorsWriter()
        .tensor(
            "W_dec",
            DType.F32,
            sink -> SaeFiles.writeRows(sink, device, sae.weights().wDec()),
            sae.dSae(),
            sae.dIn())
        .tensor(
            "b_dec",
            DType.F32,
            sink -> SaeFiles.writeRows(sink, device, sae.weights().bDec()),
            sae.dIn())
        .write(file);
  }

  /**
   * Reads the weights.
   *
   * @param hasDecoderBias whether b_dec counts: SAELens adds it only where it was subtracted
   * @throws FormatException when a tensor is missing, has another shape or numbers that are not
   *     finite
   */
  static MatchingPursuitSae read(
      TensorFile file, MatchingPursuitConfig config, boolean hasDecoderBias, Device device)
      throws IOException {
    file.info("W_dec", config.dSae(), config.dIn());
    file.info("b_dec", config.dIn());
    MatchingPursuitSae sae = MatchingPursuitSae.allocate(device, config);
    SaeTensors reader = new SaeTensors(file, device);
    reader.readRows(sae.weights().wDec(), "W_dec", SaeTensors.ones(config.dSae()));
    float[] factors = hasDecoderBias ? SaeTensors.ones(config.dIn()) : new float[config.dIn()];
    reader.readBias(sae.weights().bDec(), "b_dec", factors);
    sae.weightsChanged();
    return sae;
  }
}
