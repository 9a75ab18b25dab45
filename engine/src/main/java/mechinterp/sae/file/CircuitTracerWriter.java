package mechinterp.sae.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TranscoderConfig;

/**
 * Writes one layer of a set of transcoders that circuit-tracer loads, {@code layer_N.safetensors},
 * and {@code config.yaml}. It knows thresholds, and as many dimensions out as in.
 */
final class CircuitTracerWriter {
  private CircuitTracerWriter() {}

  /**
   * Returns the transcoder.
   *
   * @throws IllegalArgumentException when it is of a kind that circuit-tracer does not have
   */
  static ThresholdSae require(Sae sae) {
    boolean transcodes =
        sae.config() instanceof JumpReluTranscoderConfig
            || sae.config() instanceof TranscoderConfig;
    if (transcodes && sae.dIn() == sae.dOut() && sae instanceof ThresholdSae transcoder) {
      return transcoder;
    }
    throw new IllegalArgumentException(
        "format circuit-tracer: the autoencoder is %s from %d to %d dimensions; circuit-tracer has transcoders with thresholds, from as many to as many"
            .formatted(sae.config().architecture(), sae.dIn(), sae.dOut()));
  }

  static void write(ThresholdSae sae, Path folder, SaeMetadata metadata) throws IOException {
    SaeWeights weights = sae.weights();
    Device device = sae.device();
    int dIn = sae.dIn();
    int dSae = sae.dSae();
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .tensor(
                "W_enc",
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.wEnc()),
                dSae,
                dIn)
            .tensor(
                "W_dec",
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, weights.wDec()),
                dSae,
                dIn)
            .tensor(
                "b_enc", DType.F32, sink -> SaeFiles.writeRows(sink, device, weights.bEnc()), dSae)
            .tensor(
                "b_dec", DType.F32, sink -> SaeFiles.writeRows(sink, device, weights.bDec()), dIn)
            .tensor(
                CircuitTracerFiles.THRESHOLD,
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, sae.thresholds()),
                dSae);
    sae.skip()
        .ifPresent(skip ->
            writer.tensor(
                CircuitTracerFiles.SKIP.name(),
                DType.F32,
                sink -> SaeFiles.writeRows(sink, device, skip),
                dIn,
                dIn));
    int layer = CircuitTracerSettings.layer(metadata);
    writer.write(folder.resolve(CircuitTracerFiles.layerFile(layer)));
    Files.writeString(
        folder.resolve(CircuitTracerSettings.FILE),
        CircuitTracerSettings.lines("transcoder_set", metadata),
        StandardCharsets.UTF_8);
  }
}
