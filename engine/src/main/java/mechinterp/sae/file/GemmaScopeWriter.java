package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import mechinterp.io.DType;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.archive.NumpyWriter;
import mechinterp.sae.Sae;

/**
 * Writes files of Gemma Scope ({@code params.npz}) and Gemma Scope 2 ({@code params.safetensors},
 * {@code config.json}). Whether it is a transcoder the path says, so the folder must have the right
 * name.
 */
final class GemmaScopeWriter {
  private static final String TRANSCODER = "transcoder";

  private GemmaScopeWriter() {}

  /**
   * Returns what is written.
   *
   * @throws IllegalArgumentException when the format does not have the kind, or the folder is named
   *     after another one
   */
  static UncentredWeights require(Sae sae, Path folder, SaeFormat format) {
    UncentredWeights weights = UncentredWeights.of(sae, format);
    if (sae.skip().isPresent() && format == SaeFormat.GEMMA_SCOPE) {
      throw new IllegalArgumentException(
          "format gemma-scope: the autoencoder is %s; skip connections are of gemma-scope-2"
              .formatted(sae.config().architecture()));
    }
    boolean named = GemmaScopeFiles.liesBelow(folder, TRANSCODER);
    if (named != weights.transcodes()) {
      throw new IllegalArgumentException(
          "format %s: the autoencoder is %s, the folder %s; the path of a transcoder must have \"%s\" in it, no other"
              .formatted(format.label(), sae.config().architecture(), folder, TRANSCODER));
    }
    for (String other : GemmaScopeFiles.OTHER_FOLDERS) {
      if (GemmaScopeFiles.liesBelow(folder, other)) {
        throw new IllegalArgumentException(
            "format %s: the folder is %s; below \"%s\" other kinds lie"
                .formatted(format.label(), folder, other));
      }
    }
    return weights;
  }

  static void writeNpz(UncentredWeights weights, Path folder) throws IOException {
    Sae sae = weights.sae();
    new NumpyWriter()
        .floats("W_dec", weights.decoderRows(), sae.dSae(), sae.dOut())
        .floats("W_enc", weights.encoderColumns(), sae.dIn(), sae.dSae())
        .floats("b_dec", weights.decoderBias(), sae.dOut())
        .floats("b_enc", weights.encoderBias(), sae.dSae())
        .floats(GemmaScopeFiles.THRESHOLD, weights.thresholds(), sae.dSae())
        .write(folder.resolve(GemmaScopeFiles.NPZ));
  }

  static void writeSafetensors(UncentredWeights weights, Path folder, SaeMetadata metadata)
      throws IOException {
    Sae sae = weights.sae();
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .tensor("w_dec", DType.F32, weights.decoderRows(), sae.dSae(), sae.dOut())
            .tensor("w_enc", DType.F32, weights.encoderColumns(), sae.dIn(), sae.dSae())
            .tensor("b_dec", DType.F32, weights.decoderBias(), sae.dOut())
            .tensor("b_enc", DType.F32, weights.encoderBias(), sae.dSae())
            .tensor(GemmaScopeFiles.THRESHOLD, DType.F32, weights.thresholds(), sae.dSae());
    sae.skip()
        .ifPresent(skip ->
            writer.tensor(
                GemmaScopeFiles.SKIP.name(),
                DType.F32,
                sink -> SaeFiles.writeTransposed(sink, sae.device(), skip),
                sae.dIn(),
                sae.dOut()));
    writer.write(folder.resolve(GemmaScopeFiles.SAFETENSORS));
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architecture", GemmaScopeFiles.JUMP_RELU);
    metadata.modelName().ifPresent(name -> config.put("model_name", name));
    config.put("affine_connection", sae.skip().isPresent());
    Json.write(folder.resolve(GemmaScopeFiles.CONFIG), config);
  }
}
