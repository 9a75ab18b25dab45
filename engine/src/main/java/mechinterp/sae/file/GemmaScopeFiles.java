package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.TensorFile;
import mechinterp.io.archive.NumpyFile;
import mechinterp.sae.Sae;

/**
 * Files of Gemma Scope (Lieberum et al. 2024, arXiv 2408.05147) and of Gemma Scope 2: JumpReLU
 * autoencoders that do not subtract b_dec. What the files do not say, where they lie does: below a
 * folder {@code embedding} the encoder's weights are divided by sqrt(d_in) and the decoder's
 * multiplied with it (b_dec is not), as SAELens does; below one whose name has {@code transcoder}
 * or {@code clt} in it lie transcoders. The names of releases and folders say the hook point, too.
 */
final class GemmaScopeFiles {
  static final String NPZ = "params.npz";
  static final String SAFETENSORS = "params.safetensors";

  static final String CONFIG = "config.json";
  static final String THRESHOLD = "threshold";
  static final String JUMP_RELU = "jump_relu";

  /** Below these the files mean something else. */
  static final List<String> OTHER_FOLDERS = List.of("embedding", "clt");

  /** [d_in, d_out]. */
  static final TensorNames.Matrix SKIP = TensorNames.Matrix.latentColumns("affine_skip_connection");

  /** What the name of a release, or of a folder in one, says of the hook point. */
  private record Site(Pattern name, String hook) {
    static Site of(String release, String folder, String hook) {
      return new Site(
          Pattern.compile(".*gemma-scope-.*-%s|%s(?:_all)?".formatted(release, folder)), hook);
    }
  }

  private static final List<Site> SITES =
      List.of(
          Site.of("res", "resid_post", "hook_resid_post"),
          Site.of("mlp", "mlp_out", "hook_mlp_out"),
          Site.of("att", "attn_out", "attn.hook_z"));

  private static final Pattern LAYER = Pattern.compile("layer_(\\d{1,6})(?:_.*)?");
  private static final Pattern AVERAGE_L0 = Pattern.compile("average_l0_(\\d{1,6})");

  private GemmaScopeFiles() {}

  static LoadedSae loadNpz(Path path, Device device) throws IOException {
    Path weights = Files.isDirectory(path) ? path.resolve(NPZ) : path;
    try (NumpyFile file = NumpyFile.open(weights)) {
      boolean embedding = liesBelow(weights, "embedding");
      Sae sae = read(file, weights, embedding, device);
      return new LoadedSae(sae, metadata(SaeFormat.GEMMA_SCOPE, weights));
    }
  }

  static LoadedSae loadSafetensors(Path path, Device device) throws IOException {
    Path weights = Files.isDirectory(path) ? path.resolve(SAFETENSORS) : path;
    JsonField config = config(weights.resolveSibling(CONFIG));
    try (SafetensorsFile file = SafetensorsFile.open(weights)) {
      Sae sae = read(file, weights, false, device);
      SaeMetadata metadata = metadata(SaeFormat.GEMMA_SCOPE_2, weights);
      JsonField model = config.at("model_name");
      return new LoadedSae(
          sae, model.isPresent() ? metadata.with(SaeMetadata.MODEL_NAME, model.text()) : metadata);
    }
  }

  /** Some folders on the hub have none. */
  private static JsonField config(Path file) throws IOException {
    if (!Files.exists(file)) {
      return JsonField.of(file.toString(), Map.of());
    }
    JsonField config = JsonField.read(file);
    config.at("architecture").requireText(JUMP_RELU);
    return config;
  }

  private static Sae read(TensorFile file, Path weights, boolean embedding, Device device)
      throws IOException {
    String w = file.tensors().contains("W_enc") ? "W" : "w";
    TensorNames names =
        new TensorNames(
            TensorNames.Matrix.latentColumns(w + "_enc"),
            "b_enc",
            TensorNames.Matrix.latentRows(w + "_dec"),
            "b_dec");
    new SaeTensors(file, device).requireOnes(SaeFiles.FINE_TUNED);
    SaeReader reader = SaeReader.of(file, names, device).uncentred();
    if (liesBelow(weights, "clt")) {
      throw new FormatException(
          weights.toString(),
          "is a part of a cross-layer transcoder, whose latents write into several layers; this cannot be read");
    }
    if (liesBelow(weights, "transcoder")) {
      boolean skips = file.tensors().contains(SKIP.name());
      return reader.jumpReluTranscoder(
          Optional.of(THRESHOLD), skips ? Optional.of(SKIP) : Optional.empty());
    }
    if (file.tensors().contains(SKIP.name())) {
      throw new FormatException(
          weights.toString(),
          "has %s, which transcoders have; the path must have \"transcoder\" in it"
              .formatted(SKIP.name()));
    }
    if (embedding) {
      float[] ones = SaeTensors.ones(reader.dSae());
      reader = reader.scaled(new SaeScaling(ones, 1 / Math.sqrt(reader.dIn()), 1));
    }
    return reader.jumpRelu(THRESHOLD);
  }

  /** Returns whether a part of a path has a text in its name. */
  static boolean liesBelow(Path file, String part) {
    for (Path folder : file.toAbsolutePath().normalize()) {
      if (folder.toString().contains(part)) {
        return true;
      }
    }
    return false;
  }

  private static SaeMetadata ofLayer(SaeMetadata metadata, Path weights, int layer) {
    SaeMetadata named = metadata.with(SaeMetadata.LAYER, layer);
    for (Path folder : weights.toAbsolutePath().normalize()) {
      for (Site site : SITES) {
        if (site.name().matcher(folder.toString()).matches()) {
          named = named.with(SaeMetadata.HOOK_NAME, "blocks.%d.%s".formatted(layer, site.hook()));
        }
      }
    }
    return named;
  }

  private static SaeMetadata metadata(SaeFormat format, Path weights) {
    SaeMetadata metadata = SaeMetadata.from(format);
    for (Path folder : weights.toAbsolutePath().normalize()) {
      Matcher layer = LAYER.matcher(folder.toString());
      if (layer.matches()) {
        metadata = ofLayer(metadata, weights, Integer.parseInt(layer.group(1)));
      }
      Matcher l0 = AVERAGE_L0.matcher(folder.toString());
      if (l0.matches()) {
        metadata = metadata.with("average_l0", Integer.parseInt(l0.group(1)));
      }
    }
    return metadata;
  }
}
