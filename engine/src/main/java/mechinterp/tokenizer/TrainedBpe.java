package mechinterp.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mechinterp.io.AtomicFile;
import mechinterp.io.Json;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A byte-level byte-pair encoding that was trained.
 *
 * @param rule what cuts text into words
 * @param specialTokens signs for the model
 * @param tokens all tokens in the order of their ids
 * @param merges the pairs that become tokens, in order, each its left and its right part
 */
public record TrainedBpe(
    SplitRule rule, List<String> specialTokens, List<String> tokens, List<List<String>> merges) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Keeps its own copies. */
  public TrainedBpe {
    specialTokens = List.copyOf(specialTokens);
    tokens = List.copyOf(tokens);
    merges = merges.stream().map(List::copyOf).toList();
  }

  /** Returns the tokenizer, without tokens that begin and end a text. */
  public Tokenizer tokenizer() {
    byte[] file = json().getBytes(StandardCharsets.UTF_8);
    try {
      return Tokenizers.ofJson("trained tokenizer", new ByteArrayInputStream(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes {@code tokenizer.json} and {@code tokenizer_config.json} into a folder, as {@code
   * tokenizers} and {@code transformers} load them.
   *
   * @param folder where to; made when it is missing
   * @param bos the token that begins a text
   * @param eos the token that ends a text
   * @param contextLength how many tokens the model can take
   * @throws IllegalArgumentException when one of the tokens does not exist
   */
  public void write(Path folder, String bos, String eos, int contextLength) throws IOException {
    requireToken("bos_token", bos);
    requireToken("eos_token", eos);
    Files.createDirectories(folder);
    ObjectNode config =
        JSON.objectNode()
            .put("tokenizer_class", "PreTrainedTokenizerFast")
            .put("bos_token", bos)
            .put("eos_token", eos)
            .put("model_max_length", contextLength)
            .put("clean_up_tokenization_spaces", false);
    write(folder.resolve("tokenizer.json"), json());
    write(folder.resolve("tokenizer_config.json"), Json.pretty(config));
  }

  private void requireToken(String field, String token) {
    if (!tokens.contains(token)) {
      throw new IllegalArgumentException(
          "%s: \"%s\" is no token of the vocabulary".formatted(field, token));
    }
  }

  private static void write(Path file, String text) throws IOException {
    byte[] bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, out -> out.write(bytes));
  }

  /** Returns the content of {@code tokenizer.json}. */
  public String json() {
    ObjectNode root = JSON.objectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding");
    root.set("added_tokens", addedTokens());
    root.putNull("normalizer");
    root.set("pre_tokenizer", preTokenizer());
    root.set("post_processor", byteLevel(true));
    root.set("decoder", byteLevel(true));
    root.set("model", model());
    return Json.compact(root);
  }

  private ArrayNode addedTokens() {
    ArrayNode added = JSON.arrayNode();
    for (String token : specialTokens) {
      added
          .addObject()
          .put("id", tokens.indexOf(token))
          .put("content", token)
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    return added;
  }

  private ObjectNode preTokenizer() {
    if (rule == SplitRule.GPT2) {
      return byteLevel(true);
    }
    ObjectNode sequence = JSON.objectNode().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("pretokenizers");
    for (String pattern : rule.patterns()) {
      ObjectNode step = steps.addObject().put("type", "Split");
      step.putObject("pattern").put("Regex", pattern);
      step.put("behavior", "Isolated").put("invert", false);
    }
    steps.add(byteLevel(false));
    return sequence;
  }

  private static ObjectNode byteLevel(boolean useRegex) {
    return JSON.objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", useRegex);
  }

  private ObjectNode model() {
    ObjectNode model = JSON.objectNode().put("type", "BPE");
    model.putNull("dropout").putNull("unk_token");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocab.put(tokens.get(id), id);
    }
    ArrayNode pairs = model.putArray("merges");
    merges.forEach(merge -> pairs.addArray().add(merge.get(0)).add(merge.get(1)));
    return model;
  }
}
