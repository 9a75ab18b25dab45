package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;

/**
 * Writes folders that sparsify loads. It knows TopK, transcoders of it, and GroupMax; a hybrid is a
 * TopK to it.
 */
final class SparsifyWriter {
  private SparsifyWriter() {}

  /** sparsify's {@code SparseCoderConfig} and d_in; what it does not know it passes over. */
  private record Config(
      String activation,
      int expansionFactor,
      boolean normalizeDecoder,
      int numLatents,
      int k,
      boolean multiTopk,
      boolean skipConnection,
      boolean transcode,
      int dIn,
      Optional<SaeConfig> hybridSae) {}

  /**
   * Returns how many latents are active on a token.
   *
   * @throws IllegalArgumentException when it is of a kind that sparsify does not have
   */
  static int requireK(Sae sae) {
    return k(sae.config())
        .filter(_ -> sae.dIn() == sae.dOut())
        .orElseThrow(() ->
            new IllegalArgumentException(
                "format sparsify: the autoencoder is %s from %d to %d dimensions; sparsify has topk and groupmax, from as many to as many"
                    .formatted(sae.config().architecture(), sae.dIn(), sae.dOut())));
  }

  private static Optional<Integer> k(SaeConfig config) {
    return switch (config) {
      case TopKConfig topK -> Optional.of(topK.k());
      case HybridSaeConfig hybrid -> Optional.of(hybrid.k());
      case GroupMaxConfig groupMax -> Optional.of(groupMax.k());
      case TranscoderConfig transcoder when transcoder.kScope() == KScope.TOKEN ->
          Optional.of(transcoder.k());
      default -> Optional.empty();
    };
  }

  static void write(Sae sae, int k, Path folder) throws IOException {
    SaeWeights weights = sae.weights();
    Device device = sae.device();
    int dIn = sae.dIn();
    int dSae = sae.dSae();
    boolean skips = sae.skip().isPresent();
    boolean transcodes = !sae.config().centresInput();
    Optional<SaeConfig> hybrid =
        Optional.of(sae.config()).filter(HybridSaeConfig.class::isInstance);
    String activation =
        sae.config() instanceof GroupMaxConfig ? SparsifyFiles.GROUP_MAX : SparsifyFiles.TOP_K;
    Config config =
        new Config(activation, 32, false, dSae, k, false, skips, transcodes, dIn, hybrid);
    Json.write(folder.resolve(SparsifyFiles.CONFIG), config);
    SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
    sae.skip()
        .ifPresent(skip ->
            writer.tensor(
                SparsifyFiles.SKIP.name(),
                DType.F32,
                s -> SaeFiles.writeRows(s, device, skip),
                dIn,
                dIn));
    writer
        .tensor("W_dec", DType.F32, s -> SaeFiles.writeRows(s, device, weights.wDec()), dSae, dIn)
        .tensor("b_dec", DType.F32, s -> SaeFiles.writeRows(s, device, weights.bDec()), dIn)
        .tensor("encoder.bias", DType.F32, s -> SaeFiles.writeRows(s, device, weights.bEnc()), dSae)
        .tensor(
            "encoder.weight",
            DType.F32,
            s -> SaeFiles.writeRows(s, device, weights.wEnc()),
            dSae,
            dIn)
        .write(folder.resolve(SparsifyFiles.WEIGHTS));
  }
}
