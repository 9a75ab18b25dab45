package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.io.AtomicFolder;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.archive.TorchFile;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.ThresholdSae;

/**
 * Autoencoders in the files of other libraries. Whatever the file, what is loaded has the one form
 * that weights have here: for activations as the model makes them, b_dec subtracted from the input.
 * Latents have the activations that the library gives them. What cannot be brought into this form
 * is refused by its name.
 */
public final class SaeFormats {
  private static final String TORCH = ".pt";

  private SaeFormats() {}

  /**
   * Returns what lies in a folder or file.
   *
   * @throws FormatException when it is none of {@link SaeFormat}
   * @throws IOException when it cannot be read
   */
  public static SaeFormat detect(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return ofFolder(path);
    }
    String name = String.valueOf(path.getFileName());
    if (name.endsWith(TORCH) || name.endsWith(".pth")) {
      return ofTorch(path);
    }
    if (name.endsWith(".npz")) {
      return SaeFormat.GEMMA_SCOPE;
    }
    if (name.equals(GemmaScopeFiles.SAFETENSORS)) {
      return SaeFormat.GEMMA_SCOPE_2;
    }
    if (name.endsWith(".safetensors")) {
      return ofSafetensors(path);
    }
    if (!Files.exists(path)) {
      throw new IOException(path + ": cannot be read: it does not exist");
    }
    throw new FormatException(
        path.toString(), "is no autoencoder; expected a folder, .pt, .npz or .safetensors");
  }

  private static SaeFormat ofFolder(Path folder) throws IOException {
    if (holds(folder, SaeFiles.WEIGHTS)) {
      return SaeFormat.SAELENS;
    }
    if (holds(folder, SparsifyFiles.WEIGHTS)) {
      return SaeFormat.SPARSIFY;
    }
    if (holds(folder, DictionaryLearningFiles.WEIGHTS)) {
      return SaeFormat.DICTIONARY_LEARNING;
    }
    if (holds(folder, GemmaScopeFiles.NPZ)) {
      return SaeFormat.GEMMA_SCOPE;
    }
    if (holds(folder, GemmaScopeFiles.SAFETENSORS)) {
      return SaeFormat.GEMMA_SCOPE_2;
    }
    if (holds(folder, LlamaScopeFiles.CONFIG)) {
      return SaeFormat.LLAMA_SCOPE;
    }
    if (holds(folder, OpenAiFiles.FILE)) {
      return SaeFormat.OPENAI;
    }
    if (CircuitTracerFiles.areIn(folder)) {
      return SaeFormat.CIRCUIT_TRACER;
    }
    if (CrossLayerTranscoderFiles.areIn(folder)) {
      throw new FormatException(folder.toString(), CrossLayerTranscoderFiles.NO_AUTOENCODER);
    }
    throw new FormatException(
        folder.toString(),
        "holds no autoencoder; expected one of %s, %s, %s, %s, %s, %s, %s and %s"
            .formatted(
                SaeFiles.WEIGHTS,
                SparsifyFiles.WEIGHTS,
                DictionaryLearningFiles.WEIGHTS,
                GemmaScopeFiles.NPZ,
                GemmaScopeFiles.SAFETENSORS,
                LlamaScopeFiles.CONFIG,
                OpenAiFiles.FILE,
                CircuitTracerFiles.layerFile(0)));
  }

  private static boolean holds(Path folder, String file) {
    return Files.exists(folder.resolve(file));
  }

  private static SaeFormat ofTorch(Path file) throws IOException {
    try (TorchFile tensors = TorchFile.open(file)) {
      if (tensors.tensors().contains(OpenAiFiles.LATENT_BIAS)) {
        return SaeFormat.OPENAI;
      }
      return tensors.tensors().contains(OpenAiFiles.GOODFIRE.encoder().name())
          ? SaeFormat.GOODFIRE
          : SaeFormat.DICTIONARY_LEARNING;
    }
  }

  private static SaeFormat ofSafetensors(Path file) throws IOException {
    if (CircuitTracerLayers.isEncoder(file)) {
      return SaeFormat.CIRCUIT_TRACER;
    }
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      if (tensors.tensors().containsAll(Set.of("W_enc", "b_enc", "W_dec", "b_dec"))) {
        return SaeFormat.CIRCUIT_TRACER;
      }
      throw new FormatException(
          file.toString(),
          "has tensors %s; a transcoder of circuit-tracer has W_enc, b_enc, W_dec and b_dec"
              .formatted(tensors.tensors()));
    }
  }

  /**
   * Reads a folder or file of any {@link SaeFormat}.
   *
   * @throws FormatException when the content is not what its layout demands, or is what no kind
   *     here can express
   * @throws IOException when a file cannot be read
   * @throws mechinterp.device.InsufficientMemoryException when the weights do not fit on the device
   */
  public static LoadedSae load(Path path, Device device) throws IOException {
    return switch (detect(path)) {
      case SAELENS -> SaeFiles.load(path, device);
      case SPARSIFY -> SparsifyFiles.load(path, device);
      case DICTIONARY_LEARNING -> DictionaryLearningFiles.load(path, device);
      case GEMMA_SCOPE -> GemmaScopeFiles.loadNpz(path, device);
      case GEMMA_SCOPE_2 -> GemmaScopeFiles.loadSafetensors(path, device);
      case LLAMA_SCOPE -> LlamaScopeFiles.load(path, device);
      case OPENAI -> OpenAiFiles.load(path, device);
      case GOODFIRE -> OpenAiFiles.loadGoodfire(path, device);
      case CIRCUIT_TRACER -> CircuitTracerFiles.load(path, device);
    };
  }

  /** Returns the formats that {@link #save} writes. */
  public static List<SaeFormat> writable() {
    return List.of(
        SaeFormat.SAELENS,
        SaeFormat.SPARSIFY,
        SaeFormat.DICTIONARY_LEARNING,
        SaeFormat.GEMMA_SCOPE,
        SaeFormat.GEMMA_SCOPE_2,
        SaeFormat.LLAMA_SCOPE,
        SaeFormat.OPENAI,
        SaeFormat.CIRCUIT_TRACER);
  }

  /**
   * Writes a folder in the layout of another library, which must be missing or empty; it appears
   * whole or not at all.
   *
   * @param format one of {@link #writable}
   * @throws IllegalArgumentException when the library does not have the kind, or the format is
   *     another one
   * @throws IOException when the folder holds something or cannot be written
   */
  public static void save(Sae sae, Path folder, SaeFormat format, SaeMetadata metadata)
      throws IOException {
    if (sae instanceof NormalizedSae normalized
        && format != SaeFormat.SAELENS
        && format != SaeFormat.OPENAI) {
      throw new IllegalArgumentException(
          "format %s: the autoencoder is %s with normalize_activations %s; only saelens has a field for that"
              .formatted(
                  format.label(), sae.config().architecture(), TokenNorms.name(normalized.norm())));
    }
    if (sae instanceof SelectedSae && format != SaeFormat.SAELENS) {
      throw new IllegalArgumentException(
          "format %s: the autoencoder is %s with a selector; only saelens' folder has room for it"
              .formatted(format.label(), sae.config().architecture()));
    }
    switch (format) {
      case SAELENS -> SaeFiles.save(sae, folder, metadata);
      case SPARSIFY -> {
        int k = SparsifyWriter.requireK(sae);
        AtomicFolder.write(folder, path -> SparsifyWriter.write(sae, k, path));
      }
      case DICTIONARY_LEARNING ->
          AtomicFolder.write(folder, path -> DictionaryLearningWriter.write(sae, path, metadata));
      case CIRCUIT_TRACER -> {
        ThresholdSae transcoder = CircuitTracerWriter.require(sae);
        AtomicFolder.write(folder, path -> CircuitTracerWriter.write(transcoder, path, metadata));
      }
      case GEMMA_SCOPE -> {
        UncentredWeights weights = GemmaScopeWriter.require(sae, folder, format);
        AtomicFolder.write(folder, path -> GemmaScopeWriter.writeNpz(weights, path));
      }
      case GEMMA_SCOPE_2 -> {
        UncentredWeights weights = GemmaScopeWriter.require(sae, folder, format);
        AtomicFolder.write(
            folder, path -> GemmaScopeWriter.writeSafetensors(weights, path, metadata));
      }
      case LLAMA_SCOPE -> {
        UncentredWeights weights = LlamaScopeWriter.require(sae, metadata);
        AtomicFolder.write(folder, path -> LlamaScopeWriter.write(weights, path, metadata));
      }
      case OPENAI -> {
        Sae written = OpenAiWriter.require(sae);
        AtomicFolder.write(folder, path -> OpenAiWriter.write(written, path));
      }
      case GOODFIRE ->
          throw new IllegalArgumentException(
              "format: is goodfire; it must be one of "
                  + writable().stream().map(SaeFormat::label).toList());
    }
  }
}
