package mechinterp.sae;

import java.io.IOException;
import java.nio.file.Path;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsWriter;

/** Writes folders that sparsify loads. It knows TopK, and transcoders of it. */
final class SparsifyWriter {
  private SparsifyWriter() {}

  /** sparsify's {@code SparseCoderConfig}, and d_in. */
  private record Config(
      String activation,
      int expansionFactor,
      boolean normalizeDecoder,
      int numLatents,
      int k,
      boolean multiTopk,
      boolean skipConnection,
      boolean transcode,
      int dIn) {}

  /**
   * Returns the autoencoder.
   *
   * @throws IllegalArgumentException when it is of a kind that sparsify does not have
   */
  static TopKSae requireKnown(Sae sae) {
    if (sae instanceof TopKSae topK && sae.dIn() == sae.dOut()) {
      return topK;
    }
    throw new IllegalArgumentException(
        "format sparsify: the autoencoder is %s from %d to %d dimensions; sparsify has topk, from as many to as many"
            .formatted(sae.config().architecture(), sae.dIn(), sae.dOut()));
  }

  static void write(TopKSae sae, Path folder) throws IOException {
    SaeWeights weights = sae.weights();
    Device device = sae.device();
    int dIn = sae.dIn();
    int dSae = sae.dSae();
    boolean skips = sae.skip().isPresent();
    boolean transcodes = !sae.config().centresInput();
    Config config =
        new Config("topk", 32, false, dSae, sae.maxActive(), false, skips, transcodes, dIn);
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
