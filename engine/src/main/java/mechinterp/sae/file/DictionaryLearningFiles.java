package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.archive.TorchFile;
import mechinterp.sae.Sae;

/**
 * Folders of dictionary_learning: {@code ae.pt}, a state_dict, and {@code config.json} whose
 * trainer.dict_class names the kind. Checkpoints are read too: {@code checkpoints/ae_STEP.pt}, and
 * those with the state of a run around the state_dict.
 */
final class DictionaryLearningFiles {
  static final String WEIGHTS = "ae.pt";

  static final String CONFIG = "config.json";
  private static final String WITHIN_A_RUN = "ae.";

  private static final String AUTO_ENCODER = "AutoEncoder";
  private static final String AUTO_ENCODER_NEW = "AutoEncoderNew";
  static final String TOP_K = "AutoEncoderTopK";
  static final String BATCH_TOP_K = "BatchTopKSAE";
  static final String MATRYOSHKA = "MatryoshkaBatchTopKSAE";
  static final String JUMP_RELU = "JumpReluAutoEncoder";
  static final String GATED = "GatedAutoEncoder";

  /** The tensors of {@link #GATED} that {@link TensorNames} does not have. */
  static final String GATE_BIAS = "gate_bias";

  static final String MAGNITUDE_SCALE = "r_mag";
  static final String MAGNITUDE_BIAS = "mag_bias";
  static final String GATED_DECODER_BIAS = "decoder_bias";

  /** What {@code torch.allclose} takes for a norm of 1. */
  private static final double UNIT_TOLERANCE = 1e-5 + 1e-8;

  private DictionaryLearningFiles() {}

  static LoadedSae load(Path path, Device device) throws IOException {
    Path weights = Files.isDirectory(path) ? path.resolve(WEIGHTS) : path;
    JsonField trainer = config(weights).at("trainer");
    try (TorchFile file = TorchFile.open(weights)) {
      Set<String> tensors = file.tensors();
      String prefix =
          tensors.stream().anyMatch(n -> n.startsWith(WITHIN_A_RUN)) ? WITHIN_A_RUN : "";
      Sae sae = new Reading(file, prefix, trainer, device).read();
      return new LoadedSae(sae, metadata(trainer));
    }
  }

  /** Beside the weights, or above them where they lie in {@code checkpoints}. */
  private static JsonField config(Path weights) throws IOException {
    Path beside = weights.resolveSibling(CONFIG);
    Path folder = weights.toAbsolutePath().getParent();
    if (!Files.exists(beside) && folder != null && Files.exists(folder.resolveSibling(CONFIG))) {
      return JsonField.read(folder.resolveSibling(CONFIG));
    }
    return JsonField.read(beside);
  }

  private record Reading(TorchFile file, String prefix, JsonField trainer, Device device) {
    Sae read() throws IOException {
      return switch (dictClass()) {
        case AUTO_ENCODER -> autoEncoder();
        case AUTO_ENCODER_NEW -> reader(linear("decoder.bias")).uncentred().relu();
        case TOP_K -> reader(linear("b_dec")).topKOrHybrid(k(), trainer.at(SaeLensConfig.HYBRID));
        case BATCH_TOP_K -> reader(linear("b_dec")).jumpRelu(prefix + "threshold");
        case MATRYOSHKA -> reader(TensorNames.SAELENS).jumpRelu(prefix + "threshold");
        case JUMP_RELU -> reader(TensorNames.SAELENS).uncentred().jumpRelu(prefix + "threshold");
        case GATED ->
            reader(linear(GATED_DECODER_BIAS).withEncoderBias(GATE_BIAS))
                .gated(prefix + MAGNITUDE_SCALE, prefix + MAGNITUDE_BIAS);
        default ->
            throw trainer
                .at("dict_class")
                .failure(
                    "one of "
                        + List.of(
                            AUTO_ENCODER,
                            AUTO_ENCODER_NEW,
                            TOP_K,
                            BATCH_TOP_K,
                            MATRYOSHKA,
                            JUMP_RELU,
                            GATED));
      };
    }

    /** The trainer of the April update calls its kind AutoEncoder, too; its tensors tell. */
    private String dictClass() throws FormatException {
      String named = trainer.at("dict_class").text();
      boolean april = file.tensors().contains(prefix + "decoder.bias");
      return named.equals(AUTO_ENCODER) && april ? AUTO_ENCODER_NEW : named;
    }

    /** load_dictionary divides decoder columns by their norms and multiplies encoder rows. */
    private Sae autoEncoder() throws IOException {
      SaeReader reader = reader(linear("bias"));
      float[] norms = reader.decoderNorms();
      return isUnit(norms) ? reader.relu() : reader.scaled(SaeScaling.ofLatents(norms)).relu();
    }

    private static boolean isUnit(float[] norms) {
      for (float norm : norms) {
        if (Math.abs(norm - 1) > UNIT_TOLERANCE) {
          return false;
        }
      }
      return true;
    }

    private int k() throws FormatException {
      int k = trainer.at("k").size();
      long inFile = file.integer(prefix + "k").orElse((long) k);
      if (inFile != k) {
        throw new FormatException(
            file.source(),
            "k is %d, trainer.k of %s is %d; they must be equal"
                .formatted(inFile, trainer.file(), k));
      }
      return k;
    }

    private static TensorNames linear(String decoderBias) {
      return TensorNames.linear("encoder", "decoder", decoderBias);
    }

    private SaeReader reader(TensorNames names) throws FormatException {
      TensorNames inFile = names.within(prefix);
      requireSize("activation_dim", inFile.dIn(file));
      requireSize("dict_size", inFile.dSae(file));
      return SaeReader.of(file, inFile, device);
    }

    private void requireSize(String field, int inFile) throws FormatException {
      trainer
          .at(field)
          .require(trainer.at(field).size(inFile) == inFile, inFile + " as in " + file.source());
    }
  }

  private static SaeMetadata metadata(JsonField trainer) throws FormatException {
    SaeMetadata metadata =
        SaeMetadata.from(SaeFormat.DICTIONARY_LEARNING)
            .with("dict_class", trainer.at("dict_class").text());
    if (trainer.at("lm_name").isPresent()) {
      metadata = metadata.with(SaeMetadata.MODEL_NAME, trainer.at("lm_name").text());
    }
    if (trainer.at("submodule_name").isPresent()) {
      metadata = metadata.with("submodule_name", trainer.at("submodule_name").text());
    }
    if (trainer.at("layer").isPresent()) {
      metadata = metadata.with("layer", trainer.at("layer").count());
    }
    return metadata;
  }
}
