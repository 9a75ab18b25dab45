package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import mechinterp.io.FormatException;
import mechinterp.io.hub.HubClient;
import mechinterp.io.hub.HubName;

/**
 * An autoencoder on the Hugging Face Hub: {@code hub:OWNER/NAME/PATH}, such as {@code
 * hub:google/gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71}. A revision stands behind the
 * repository's name: {@code hub:OWNER/NAME@REVISION/PATH}.
 *
 * @param repository the repository and revision
 * @param path the folder or file in it, with slashes; empty for the repository's root
 */
public record HubSaeName(HubName repository, String path) {
  /** How names on the hub begin. */
  public static final String PREFIX = "hub:";

  private static final Pattern PATH =
      Pattern.compile("([\\w+=@,-][\\w.+=@,-]*(/[\\w+=@,-][\\w.+=@,-]*)*)?");
  private static final List<String> FILES =
      List.of(
          "cfg.json",
          SaeFiles.WEIGHTS,
          "activation_scaler.json",
          SparsifyFiles.WEIGHTS,
          "config.json",
          DictionaryLearningFiles.WEIGHTS,
          GemmaScopeFiles.NPZ,
          GemmaScopeFiles.SAFETENSORS,
          LlamaScopeFiles.CONFIG,
          "checkpoints/final.safetensors",
          CircuitTracerSettings.FILE,
          "W_enc_*.safetensors",
          "W_dec_*.safetensors",
          "params_layer_*.safetensors");

  /** Settings that lie beside a file that is named. */
  private static final List<String> SIBLINGS = List.of("config.json", CircuitTracerSettings.FILE);

  /**
   * Checks the path.
   *
   * @throws IllegalArgumentException when it leads out of the repository or has other characters
   *     than letters, digits and {@code . _ + = @ , -}
   */
  public HubSaeName {
    if (!PATH.matcher(path).matches()) {
      throw new IllegalArgumentException(
          "hub path: is \"%s\"; it must be names of letters, digits and . _ + = @ , - with slashes between"
              .formatted(path));
    }
  }

  /**
   * Reads {@code hub:OWNER/NAME[@REVISION][/PATH]}.
   *
   * @throws IllegalArgumentException when it is no such name
   */
  public static HubSaeName parse(String text) {
    String[] parts =
        text.startsWith(PREFIX) ? text.substring(PREFIX.length()).split("/", 3) : new String[0];
    if (parts.length < 2) {
      throw new IllegalArgumentException(
          "\"%s\" is no autoencoder on the hub; expected hub:OWNER/NAME/PATH".formatted(text));
    }
    return new HubSaeName(
        HubName.parse(parts[0] + "/" + parts[1]), parts.length == 3 ? parts[2] : "");
  }

  /**
   * Fetches the files of the autoencoder that are not in the cache, and returns the folder or file.
   *
   * @throws FormatException when the repository has nothing there
   * @throws IOException when the hub refuses, or the cache cannot be read or written
   */
  public Path fetch(HubClient client) throws IOException {
    List<String> wanted = new ArrayList<>();
    for (String file : FILES) {
      wanted.add(path.isEmpty() ? file : path + "/" + file);
    }
    if (!path.isEmpty()) {
      wanted.add(path);
      wanted.addAll(siblings());
    }
    Path place = client.snapshot(repository, wanted).resolve(path);
    if (!Files.exists(place)) {
      throw new FormatException(
          PREFIX + repository, "has no %s with an autoencoder in it".formatted(path));
    }
    return place;
  }

  /** Returns the files beside the one that is named: settings, and the decoder of a layer. */
  private List<String> siblings() {
    int slash = path.lastIndexOf('/') + 1;
    String folder = path.substring(0, slash);
    List<String> siblings = new ArrayList<>();
    for (String file : SIBLINGS) {
      siblings.add(folder + file);
    }
    CircuitTracerLayers.decoderOf(path.substring(slash))
        .ifPresent(decoder -> siblings.add(folder + decoder));
    return siblings;
  }
}
