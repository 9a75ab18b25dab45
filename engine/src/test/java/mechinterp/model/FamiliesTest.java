package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.GgufFile;
import mechinterp.io.JsonField;
import mechinterp.io.ShardedSafetensors;
import mechinterp.kernel.ActivationFunction;
import mechinterp.model.family.CanonicalWeights;
import mechinterp.model.family.GgufConfig;
import mechinterp.model.family.GgufNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class FamiliesTest {
  private static final String LLAMA =
      """
      {"model_type": "llama", "vocab_size": 10, "hidden_size": 12, "intermediate_size": 5,
       "num_hidden_layers": 3, "num_attention_heads": 3, "max_position_embeddings": 16%s}
      """;
  private static final String GEMMA3 =
      """
      {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "hidden_size": 16,
       "intermediate_size": 5, "num_hidden_layers": 7, "sliding_window": 9,
       "rope_scaling": {"factor": 8.0, "rope_type": "linear"}}}
      """;

  static List<Path> huggingFace() throws IOException {
    return GoldenModels.huggingFace();
  }

  static List<Path> gguf() throws IOException {
    return GoldenModels.gguf();
  }

  private static TransformerConfig read(String json) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    return Families.config("m", JsonField.read("config.json", new ByteArrayInputStream(bytes)));
  }

  private static TransformerConfig llama(String more) throws IOException {
    return read(LLAMA.formatted(more));
  }

  @ParameterizedTest
  @MethodSource("huggingFace")
  void readsConfigsOfOldAndNewVersionsAlike(Path folder) throws IOException {
    assertEquals(
        Families.config("m", JsonField.read(folder.resolve("config.json"))),
        Families.config("m", JsonField.read(folder.resolve("config-old.json"))));
  }

  @ParameterizedTest
  @MethodSource("huggingFace")
  void findsEveryWeightInSafetensors(Path folder) throws IOException {
    JsonField json = JsonField.read(folder.resolve("config.json"));
    TransformerConfig config = Families.config("m", json);
    try (ShardedSafetensors files = ShardedSafetensors.open(folder)) {
      assertReadable(
          CanonicalWeights.of(
              new SafetensorsWeights(files), Families.of(json).names(config), config),
          config);
    }
  }

  @ParameterizedTest
  @MethodSource("gguf")
  void findsEveryWeightInGguf(Path folder) throws IOException {
    try (GgufFile file = GgufFile.open(folder.resolve("model.gguf"))) {
      TransformerConfig config =
          GgufConfig.withDivisors(Families.config("m", GgufConfig.read(file)), file);
      assertReadable(
          CanonicalWeights.of(new GgufWeights(file), GgufNames.of(file, config), config), config);
    }
  }

  private static void assertReadable(Weights weights, TransformerConfig config) throws IOException {
    assertEquals(WeightNames.shapes(config).keySet(), weights.names());
    for (String name : weights.names()) {
      int size = weights.shape(name).stream().reduce(1, (a, b) -> a * b);
      assertEquals(size, weights.floats(name).length, name);
    }
  }

  @Test
  void fillsInWhatOlderFilesLeaveOut() throws IOException {
    TransformerConfig config = llama("");
    assertEquals(3, config.attention().keyValueHeads());
    assertEquals(4, config.dHead());
    assertEquals(1e-6f, config.norm().epsilon());
    assertEquals(ActivationFunction.SILU, config.mlp().activation());
    assertEquals(10_000, config.layers().getFirst().rotary().orElseThrow().theta());
    assertFalse(config.unembed().orElseThrow().tied());
  }

  @Test
  void takesNullForAbsent() throws IOException {
    assertEquals(
        llama(""), llama(", \"head_dim\": null, \"rope_scaling\": null, \"attention_bias\": null"));
  }

  @Test
  void readsOldAndNewNamesOfRotaryScaling() throws IOException {
    TransformerConfig old =
        llama(", \"rope_theta\": 7, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}");
    TransformerConfig now =
        llama(
            ", \"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 2.0, \"rope_theta\": 7.0}");
    assertEquals(old, now);
    assertEquals(
        RotaryConfig.of(4, 7).frequencies()[1] / 2,
        old.layers().getFirst().rotary().orElseThrow().frequencies()[1]);
  }

  @Test
  void readsTheLanguageModelOfGemma3WithImages() throws IOException {
    TransformerConfig config = read(GEMMA3);
    assertEquals(262_208, config.dVocab());
    assertEquals(8, config.attention().heads());
    assertEquals(256, config.dHead());
    assertTrue(config.attention().queryKeyNorm());
    assertEquals(9, config.layers().get(4).window());
    assertEquals(LayerAttention.ALL, config.layers().get(5).window());
    RotaryConfig local = config.layers().get(4).rotary().orElseThrow();
    RotaryConfig global = config.layers().get(5).rotary().orElseThrow();
    assertEquals(RotaryConfig.of(256, 10_000), local);
    assertEquals(new RotaryConfig(256, 1e6, new RotaryScaling.Linear(8)), global);
  }

  @Test
  void gemma2CapsUnlessTheFileSaysNull() throws IOException {
    String gemma2 = "{\"model_type\": \"gemma2\", \"hidden_size\": 16%s}";
    assertEquals(50, read(gemma2.formatted("")).attention().softCap());
    assertEquals(30, read(gemma2.formatted("")).unembed().orElseThrow().softCap());
    TransformerConfig uncapped =
        read(
            gemma2.formatted(
                ", \"attn_logit_softcapping\": null, \"final_logit_softcapping\": null"));
    assertEquals(0, uncapped.attention().softCap());
    assertEquals(0, uncapped.unembed().orElseThrow().softCap());
    assertEquals(4096, read(gemma2.formatted("")).layers().getFirst().window());
    assertEquals(LayerAttention.ALL, read(gemma2.formatted("")).layers().get(1).window());
  }

  @Test
  void mistralSlidesUnlessTheFileSaysNull() throws IOException {
    String mistral = LLAMA.replace("llama", "mistral");
    assertEquals(4096, read(mistral.formatted("")).layers().get(2).window());
    assertEquals(
        LayerAttention.ALL,
        read(mistral.formatted(", \"sliding_window\": null")).layers().get(2).window());
  }

  @Test
  void qwenSlidesOnlyWhereItIsAskedTo() throws IOException {
    String qwen = LLAMA.replace("llama", "qwen2");
    String window = ", \"sliding_window\": 4, \"max_window_layers\": 1";
    assertEquals(
        LayerAttention.ALL, read(qwen.formatted(window)).layers().get(2).window(), "unused");
    List<LayerAttention> used =
        read(qwen.formatted(window + ", \"use_sliding_window\": true")).layers();
    assertEquals(LayerAttention.ALL, used.getFirst().window());
    assertEquals(4, used.get(1).window());
    assertTrue(read(qwen.formatted("")).attention().inputBias());
    assertFalse(read(qwen.formatted("")).attention().outputBias());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4} | rope_scaling.type is \"yarn\"; expected default, linear, dynamic or llama3",
        "\"rope_parameters\": {\"rope_type\": \"longrope\"} | rope_parameters.rope_type is \"longrope\"; expected default, linear, dynamic or llama3",
        "\"rope_scaling\": {\"type\": \"linear\"} | rope_scaling.factor is missing; expected a number",
        "\"mlp_bias\": true | mlp_bias is true; expected false",
        "\"hidden_act\": \"mish\" | hidden_act is \"mish\"; expected gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, silu, swish or relu",
        "\"num_key_value_heads\": 2 | num_key_value_heads is 2; expected a divisor of num_attention_heads 3",
        "\"num_key_value_heads\": 0 | num_key_value_heads is 0; expected a whole number from 1 on",
        "\"head_dim\": 3 | config: d_rotary is 3; it must be even",
        "\"rms_norm_eps\": -1 | config: norm epsilon is -1.0; it must not be negative",
        "\"attention_bias\": \"no\" | attention_bias is \"no\"; expected true or false",
        "\"rope_parameters\": [1] | rope_parameters is [1]; expected an object",
        "\"rope_scaling\": \"linear\" | rope_scaling is \"linear\"; expected an object",
        "\"quantization_config\": {\"bits\": 4} | quantization_config is {\"bits\":4}; expected none"
      })
  void namesTheFieldThatItDoesNotSupport(String field, String problem) {
    FormatException refused = assertThrows(FormatException.class, () -> llama(", " + field));
    assertEquals("config.json: " + problem, refused.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model_type\": \"mixtral\"} | model_type is \"mixtral\"; expected one of bert, gemma2, gemma3, gemma3_text, gpt2, gpt_neox, llama, mistral, qwen2, qwen3",
        "{} | model_type is missing; expected a string",
        "{\"model_type\": \"llama\"} | hidden_size is missing; expected a whole number from 1 on",
        "{\"model_type\": \"gpt2\", \"scale_attn_by_inverse_layer_idx\": true} | scale_attn_by_inverse_layer_idx is true; expected false",
        "{\"model_type\": \"gpt2\", \"n_embd\": 10, \"n_layer\": 1, \"n_head\": 3, \"vocab_size\": 5, \"n_positions\": 4} | n_head is 3; expected a divisor of d_model 10",
        "{\"model_type\": \"bert\", \"position_embedding_type\": \"relative_key\"} | position_embedding_type is \"relative_key\"; expected \"absolute\"",
        "{\"model_type\": \"gemma3_text\", \"use_bidirectional_attention\": true} | use_bidirectional_attention is true; expected false",
        "{\"model_type\": \"gemma3_text\", \"num_hidden_layers\": 1, \"layer_types\": [\"chunked_attention\"]} | layer_types[0] is \"chunked_attention\"; expected full_attention or sliding_attention",
        "{\"model_type\": \"gemma3_text\", \"num_hidden_layers\": 1000000000} | num_hidden_layers is 1000000000; expected at most 10000 layers",
        "{\"model_type\": \"gemma3_text\", \"rope_parameters\": {\"full_attention\": 1}} | rope_parameters.full_attention is 1; expected an object",
        "{\"model_type\": \"gpt2\", \"n_embd\": 10, \"n_layer\": 10001} | n_layer is 10001; expected at most 10000 layers",
        "{\"model_type\": \"gemma3_text\", \"layer_types\": [\"full_attention\"]} | layer_types is [\"full_attention\"]; expected one for each of 26 layers"
      })
  void namesTheFieldOfOtherFamilies(String json, String problem) {
    FormatException refused = assertThrows(FormatException.class, () -> read(json));
    assertEquals("config.json: " + problem, refused.getMessage());
  }
}
