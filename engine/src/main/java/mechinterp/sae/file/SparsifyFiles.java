package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.sae.Sae;

/**
 * Folders of EleutherAI's sparsify: {@code cfg.json} and {@code sae.safetensors} with
 * encoder.weight [d_sae, d_in], encoder.bias, W_dec [d_sae, d_in] and b_dec.
 */
final class SparsifyFiles {
  static final String WEIGHTS = "sae.safetensors";

  static final String CONFIG = "cfg.json";
  static final String TOP_K = "topk";
  static final String GROUP_MAX = "groupmax";
  private static final TensorNames NAMES =
      new TensorNames(
          TensorNames.Matrix.latentRows("encoder.weight"),
          "encoder.bias",
          TensorNames.Matrix.latentRows("W_dec"),
          "b_dec");
  static final TensorNames.Matrix SKIP = TensorNames.Matrix.latentRows("W_skip");
  private static final Pattern SEED = Pattern.compile("seed\\d+");
  private static final Pattern LAYER = Pattern.compile("(?:layers|h)\\.(\\d+)");

  private SparsifyFiles() {}

  static LoadedSae load(Path folder, Device device) throws IOException {
    JsonField config = JsonField.read(folder.resolve(CONFIG));
    config.at("signed").requireOff();
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(WEIGHTS))) {
      requireSizes(config, file);
      SaeReader reader = SaeReader.of(file, NAMES, device);
      return new LoadedSae(read(config, reader), metadata(folder));
    }
  }

  /** A skip connection sees x as it is, and so does the encoder of a transcoder. */
  private static Sae read(JsonField config, SaeReader reader) throws IOException {
    int k = config.at("k").size();
    boolean transcodes = config.at("transcode").flag(false);
    boolean skips = config.at("skip_connection").flag(false);
    JsonField activation = config.at("activation");
    boolean groups = activation.isPresent() && activation.text().equals(GROUP_MAX);
    boolean topK = activation.isAbsent() || activation.text().equals(TOP_K);
    if (groups && !transcodes && !skips) {
      return reader.groupMax(k);
    }
    activation.require(
        topK, transcodes || skips ? "\"topk\" of a transcoder" : "\"topk\" or \"groupmax\"");
    if (!transcodes && !skips) {
      return reader.topKOrHybrid(k, config.at(SaeLensConfig.HYBRID));
    }
    SaeReader transcoder = transcodes ? reader.uncentred() : reader;
    return transcoder.topKTranscoder(k, skips ? Optional.of(SKIP) : Optional.empty());
  }

  private static void requireSizes(JsonField config, SafetensorsFile file) throws FormatException {
    int dIn = config.at("d_in").size();
    int latents = config.at("num_latents").count(0);
    long expanded = (long) dIn * config.at("expansion_factor").count(32);
    if (latents == 0 && expanded > Integer.MAX_VALUE) {
      throw config.at("expansion_factor").failure("at most 2^31 latents");
    }
    NAMES.requireShapes(file, dIn, latents == 0 ? (int) expanded : latents);
  }

  /** The folder is named after the module whose output it is of. */
  private static SaeMetadata metadata(Path folder) throws IOException {
    Path named = folder.toAbsolutePath().normalize();
    if (SEED.matcher(String.valueOf(named.getFileName())).matches() && named.getParent() != null) {
      named = named.getParent();
    }
    String hookpoint = String.valueOf(named.getFileName());
    SaeMetadata metadata = SaeMetadata.from(SaeFormat.SPARSIFY).with("hookpoint", hookpoint);
    Matcher layer = LAYER.matcher(hookpoint);
    if (layer.matches()) {
      metadata =
          metadata.with(
              SaeMetadata.HOOK_NAME, "blocks.%s.hook_resid_post".formatted(layer.group(1)));
    }
    Optional<String> model = model(named);
    return model.isPresent() ? metadata.with(SaeMetadata.MODEL_NAME, model.get()) : metadata;
  }

  private static Optional<String> model(Path hookpoint) throws IOException {
    Path run = hookpoint.resolveSibling("config.json");
    if (!Files.isRegularFile(run)) {
      return Optional.empty();
    }
    JsonField model = JsonField.read(run).at("model");
    return model.isPresent() ? Optional.of(model.text()) : Optional.empty();
  }
}
