package mechinterp.model.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import mechinterp.io.SafetensorsFile;

/**
 * A tiny model with random weights and what Hugging Face transformers computes with it, made by
 * {@code experiments/src/golden/python/model_golden.py}, whose first lines say what is in the
 * files.
 *
 * @param folder one folder of {@code golden/models}
 */
record GoldenModel(Path folder) {
  private static final String ROOT = "/golden/models";
  private static final String GGUF = "model.gguf";

  /** Returns all models, sorted by name. */
  static List<GoldenModel> all() {
    try (Stream<Path> folders = Files.list(root())) {
      return folders.sorted().map(GoldenModel::new).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the model of a folder. */
  static GoldenModel named(String name) {
    return new GoldenModel(root().resolve(name));
  }

  private static Path root() {
    URL url = Objects.requireNonNull(GoldenModel.class.getResource(ROOT), ROOT);
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the folder's name. */
  String name() {
    return folder.getFileName().toString();
  }

  /** Returns what {@code Models.load} is given: the folder, or the GGUF file in it. */
  Path model() {
    return isGguf() ? folder.resolve(GGUF) : folder;
  }

  /** Returns whether the model is a GGUF file. */
  boolean isGguf() {
    return Files.exists(folder.resolve(GGUF));
  }

  /** Returns whether the model comes with {@code config.json} in two forms. */
  boolean hasOldConfig() {
    return Files.exists(folder.resolve("config-old.json"));
  }

  /** Returns whether the model is an encoder, which has no logits. */
  boolean isEncoder() {
    return name().startsWith("bert");
  }

  /** Opens what transformers computes. */
  SafetensorsFile expected() throws IOException {
    return SafetensorsFile.open(folder.resolve("expected.safetensors"));
  }

  /** Returns the ids of each sequence. */
  List<int[]> sequences() throws IOException {
    try (SafetensorsFile expected = expected()) {
      int[] ids = expected.ints("ids");
      List<int[]> sequences = new ArrayList<>();
      int begin = 0;
      for (int length : expected.ints("lengths")) {
        sequences.add(Arrays.copyOfRange(ids, begin, begin + length));
        begin += length;
      }
      return sequences;
    }
  }

  @Override
  public String toString() {
    return name();
  }
}
