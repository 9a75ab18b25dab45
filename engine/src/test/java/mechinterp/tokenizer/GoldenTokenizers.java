package mechinterp.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import mechinterp.io.Json;
import tools.jackson.databind.JsonNode;

/** Small tokenizers of every kind, and what Hugging Face tokenizers does with difficult texts. */
final class GoldenTokenizers {
  /** The names of all of them. */
  static final List<String> NAMES =
      List.of(
          "gpt2",
          "llama3",
          "qwen2",
          "smollm",
          "phi",
          "llama2",
          "llama2-normalized",
          "mistral",
          "gemma",
          "mixed");

  private GoldenTokenizers() {}

  static Tokenizer read(String name) throws IOException {
    try (InputStream in = open(name + ".json")) {
      return Tokenizers.ofJson(name + ".json", in);
    }
  }

  static String content(String name) throws IOException {
    try (InputStream in = open(name + ".json")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Returns what was found for each text: {@code ids}, {@code plain}, perhaps {@code decoded}. */
  static List<JsonNode> cases(String name) throws IOException {
    return tree(name + ".ids.json").valueStream().toList();
  }

  static List<String> texts() throws IOException {
    return tree("texts.json").valueStream().map(JsonNode::stringValue).toList();
  }

  private static JsonNode tree(String file) throws IOException {
    try (InputStream in = open(file)) {
      return Json.read(file, in, JsonNode.class);
    }
  }

  static InputStream open(String file) {
    return Objects.requireNonNull(
        GoldenTokenizers.class.getResourceAsStream("/golden/tokenizers/" + file), file);
  }
}
