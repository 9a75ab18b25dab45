package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.Execution;
import mechinterp.io.SafetensorsFile;
import mechinterp.model.Models;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The commands on a tiny GPT-2 with random weights. */
class ModelCommandTest {
  private static final String ENCODER = "../engine/src/test/resources/golden/models/bert";

  @TempDir private Path parent = Path.of("");
  private Path model = Path.of("");

  @BeforeEach
  void writeAModel() throws IOException {
    model = Files.createDirectory(parent.resolve("tiny"));
    TinyGpt2.write(model);
  }

  private Path out() {
    return parent.resolve("logits.safetensors");
  }

  private Execution logits(String... prompt) {
    return run("logits", prompt, "--out", out().toString());
  }

  private Execution generate(String... more) {
    return run("generate", more, "--text", "the cat");
  }

  private Execution run(String command, String[] some, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("model", command, "--model", model.toString()));
    arguments.addAll(List.of(some));
    arguments.addAll(List.of(more));
    return Execution.of(arguments.toArray(String[]::new));
  }

  @Test
  void infoShowsSizesWithoutLoading() throws IOException {
    JsonNode json = Execution.of("model", "info", model.toString(), "--json").assertDone().json();
    assertEquals("tiny", json.at("/name").stringValue());
    assertEquals(TinyGpt2.CONFIG.dModel(), json.at("/d_model").intValue());
    assertEquals(TinyGpt2.PARAMETERS, json.at("/parameters").intValue());
    assertEquals("safetensors", json.at("/format").stringValue());
    assertTrue(json.at("/tied").booleanValue());
    Execution text = Execution.of("model", "info", "--model", model.toString()).assertDone();
    assertTrue(text.out().contains("n_layers      2"), text.out());
  }

  @Test
  void logitsAreThoseOfTheModel() throws IOException {
    logits("--ids", "5,1,7").assertDone();
    try (Device device = CpuDevice.best(1);
        SafetensorsFile file = SafetensorsFile.open(out())) {
      Transformer transformer = Models.load(model.toString(), device);
      float[] expected =
          device.toHost(
              transformer.logits(
                  transformer.run(TokenBatch.ofIds(List.of(new int[] {5, 1, 7}))).output()));
      file.info("logits", 3, TinyGpt2.CONFIG.dVocab());
      assertTrue(Arrays.equals(expected, file.floats("logits")));
    }
  }

  @Test
  void textGivesTheLogitsOfItsTokens() throws IOException {
    JsonNode json = logits("--text", "the cat sat", "--json").assertDone().json();
    int[] ids = Models.tokenizer(model.toString()).encode("the cat sat").ids();
    assertEquals(ids.length, json.at("/ids").size());
    try (SafetensorsFile file = SafetensorsFile.open(out())) {
      file.info("logits", ids.length, TinyGpt2.CONFIG.dVocab());
    }
  }

  @Test
  void memoryIsShownBeforeItIsTaken() {
    Execution done = logits("--ids", "1").assertDone();
    assertTrue(done.err().contains("loading tiny: "), done.err());
    assertTrue(done.err().contains("weights: "), done.err());
  }

  @Test
  void greedyTextIsAlwaysTheSame() throws IOException {
    JsonNode first = generate("--tokens", "6", "--ignore-eos", "--json").assertDone().json();
    JsonNode second = generate("--tokens", "6", "--ignore-eos", "--json").assertDone().json();
    assertEquals(6, first.at("/ids").size());
    assertEquals(first.at("/ids"), second.at("/ids"));
    Execution text = generate("--tokens", "6", "--ignore-eos").assertDone();
    assertEquals(first.at("/text").stringValue() + System.lineSeparator(), text.out());
  }

  @Test
  void idsWithoutATokenHaveNoText() throws IOException {
    TinyGpt2.writeWeights(model, 1, OptionalInt.empty());
    TinyGpt2.writeTokenizer(model, 260);
    JsonNode json =
        generate("--tokens", "20", "--temperature", "100", "--ignore-eos", "--json")
            .assertDone()
            .json();
    assertEquals(20, json.at("/ids").size());
    assertTrue(json.at("/ids").valueStream().anyMatch(id -> id.intValue() >= 260), json.toString());
  }

  @Test
  void aSeedRepeatsADraw() throws IOException {
    String[] options = {"--tokens", "9", "--ignore-eos", "--temperature", "1.5", "--json"};
    JsonNode first = generate(options).assertDone().json();
    assertEquals(first.at("/ids"), generate(options).assertDone().json().at("/ids"));
    String[] other = Arrays.copyOf(options, options.length + 2);
    other[options.length] = "--seed";
    other[options.length + 1] = "1";
    assertFalse(first.at("/ids").equals(generate(other).assertDone().json().at("/ids")));
  }

  @Test
  void aTextEndsWhereNoMoreTokensFit() throws IOException {
    JsonNode json = generate("--tokens", "1000", "--ignore-eos", "--json").assertDone().json();
    assertEquals(TinyGpt2.CONFIG.nCtx(), json.at("/ids").size() + json.at("/prompt_ids").size());
  }

  @Test
  void idsOutOfRangeAreRefused() {
    logits("--ids", "1,300").assertRefused("--ids: id 300 is not there; tiny has ids 0 to 299");
    logits("--ids", "1,-1").assertRefused("--ids: id -1 is not there");
    assertFalse(Files.exists(out()));
  }

  @Test
  void textLongerThanTheContextIsRefused() {
    logits("--text", "cat ".repeat(40)).assertRefused("--text: has", "tiny takes 1 to 32");
    assertFalse(Files.exists(out()));
  }

  @Test
  void anEmptyTextIsRefused() {
    logits("--text", "").assertRefused("--text: has 0 tokens");
  }

  @Test
  void aPromptIsNeededJustOnce() {
    logits().assertRefused("--text", "--ids");
    logits("--ids", "1", "--text", "a").assertRefused("--text", "--ids");
  }

  @Test
  void anEncoderIsRefused() {
    Execution.of("model", "logits", "--model", ENCODER, "--ids", "1", "--out", out().toString())
        .assertRefused("bert is an encoder");
  }

  @Test
  void withoutATokenizerThereAreIdsOnly() throws IOException {
    Files.delete(model.resolve("tokenizer.json"));
    logits("--ids", "1,2").assertDone();
    logits("--text", "a").assertRefused("has no tokenizer.json");
    assertEquals(
        4,
        run("generate", new String[] {"--ids", "1"}, "--tokens", "4", "--ignore-eos")
            .assertDone()
            .out()
            .strip()
            .split(" ")
            .length);
  }

  @Test
  void aTokenizerOfAnotherModelIsRefused() throws IOException {
    TinyGpt2.writeTokenizer(model, 310);
    logits("--ids", "1").assertRefused("the tokenizer has 310 tokens, the model 300 vectors");
    TinyGpt2.writeTokenizer(model, 280);
    logits("--ids", "1")
        .assertRefused(
            "the tokenizer has 280 tokens, the model's texts begin or end with token 299");
  }

  @Test
  void damagedFilesAreNamed() throws IOException {
    Path weights = model.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(whole, whole.length - 1));
    logits("--ids", "1").assertRefused("model.safetensors");
    Files.write(weights, whole);
    Files.writeString(model.resolve("config.json"), "{\"model_type\": \"mamba\"}");
    logits("--ids", "1").assertRefused("config.json", "model_type is \"mamba\"");
  }

  @Test
  void logitsThatAreNotFiniteAreRefused() throws IOException {
    TinyGpt2.writeWeights(model, Float.MAX_VALUE, OptionalInt.empty());
    Execution logits = logits("--ids", "1,2");
    logits.assertRefusedAtTheEnd("model tiny: the logit of id 0 after token 0 is NaN");
    assertFalse(Files.exists(out()));
    generate().assertRefusedAtTheEnd("model tiny: sampling: the logit of token 0 is NaN");
  }

  @Test
  void samplingThatIsNotPossibleIsRefused() {
    generate("--top-p", "0").assertRefused("top_p is 0.0");
    generate("--top-k", "0").assertRefused("top_k is 0");
    generate("--temperature", "-1").assertRefused("temperature is -1.0");
    generate("--tokens", "-1").assertRefused("--tokens");
  }

  @Test
  void aCommandIsNeeded() {
    Execution.of("model").assertRefused("no command given; choose one of", "info", "logits");
  }
}
