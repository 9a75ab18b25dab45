package mechinterp.sae.file;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorFile;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.SwitchSae;
import mechinterp.sae.file.TensorNames.Matrix;

/**
 * The {@code cfg.json} of a Switch autoencoder: ours, in the manner of SAELens, which has no such
 * kind. Beside the tensors of every kind there are W_router [d_in, experts] and b_router [d_in].
 */
record SwitchForm(
    String architecture,
    int dIn,
    int dSae,
    int k,
    int experts,
    double loadBalance,
    String dtype,
    @JsonProperty("apply_b_dec_to_input") boolean applyDecoderBiasToInput,
    String normalizeActivations,
    Map<String, Object> metadata) {

  static SwitchForm of(SwitchConfig config, Map<String, Object> metadata) {
    return new SwitchForm(
        SwitchConfig.ARCHITECTURE,
        config.dIn(),
        config.dSae(),
        config.k(),
        config.experts(),
        config.loadBalance(),
        "float32",
        true,
        "none",
        metadata);
  }

  /** Returns what a file says. */
  static SwitchConfig config(JsonField file) throws FormatException {
    return new SwitchConfig(
        file.at("d_in").size(),
        file.at("d_sae").size(),
        file.at("k").size(),
        file.at("experts").size(),
        file.at("load_balance").number());
  }

  static void addRouter(SafetensorsWriter writer, SwitchSae sae) {
    Device device = sae.device();
    writer
        .tensor(
            SwitchSae.W_ROUTER,
            DType.F32,
            sink -> SaeFiles.writeTransposed(sink, device, sae.wRouter()),
            sae.dIn(),
            sae.config().experts())
        .tensor(
            SwitchSae.B_ROUTER,
            DType.F32,
            sink -> SaeFiles.writeRows(sink, device, sae.bRouter()),
            sae.dIn());
  }

  /**
   * Reads the router.
   *
   * @throws FormatException when a tensor is missing, has another shape or numbers that are not
   *     finite
   */
  static void readRouter(TensorFile file, SwitchSae sae) throws IOException {
    SaeTensors reader = new SaeTensors(file, sae.device());
    reader.readMatrix(sae.wRouter(), Matrix.latentColumns(SwitchSae.W_ROUTER));
    file.info(SwitchSae.B_ROUTER, sae.dIn());
    reader.readBias(sae.bRouter(), SwitchSae.B_ROUTER, SaeTensors.ones(sae.dIn()));
  }
}
