package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import mechinterp.experiments.Execution;
import mechinterp.io.SafetensorsWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong with the input: one line that says what and where, exit code 2, no files. */
class BadInputTest {
  private static final String MODEL = "tiny-lm";
  private static final String HOOK = "blocks.3.hook_resid_post";

  @TempDir private Path folder;

  private Path out() {
    return folder.resolve("out");
  }

  private void assertNothingWritten() throws IOException {
    assertFalse(Files.exists(out()));
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> left = files.filter(file -> file.toString().endsWith(".tmp")).toList();
      assertEquals(List.of(), left);
    }
  }

  @Test
  void aMissingFile() throws IOException {
    Path missing = folder.resolve("missing.safetensors");
    Samples.train("--activations", missing, out()).assertRefused("missing.safetensors");
    Execution.of("eval", "--sae", missing.toString(), "--activations", missing.toString())
        .assertRefused("missing.safetensors");
    assertNothingWritten();
  }

  @Test
  void aTruncatedFile() throws IOException {
    Path file = Samples.activationsFile(folder);
    byte[] whole = Files.readAllBytes(file);
    for (int length : new int[] {0, 7, 8, 20, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      Samples.train("--activations", file, out()).assertRefused(file.toString());
    }
    assertNothingWritten();
  }

  @Test
  void aHeaderThatPromisesMoreThanThereIs() throws IOException {
    Path file = folder.resolve("hostile.safetensors");
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, bytes.putLong(Long.MAX_VALUE).array());
    Samples.train("--activations", file, out()).assertRefused(file.toString());
    assertNothingWritten();
  }

  @Test
  void hostileJson() throws IOException {
    Path sae = Samples.sae(folder, "--activations", Samples.activationsFile(folder));
    Path config = sae.resolve("cfg.json");
    for (String text :
        List.of(
            "", "null", "[]", "{\"k\": 1", "[".repeat(100_000), "{\"k\": 1, \"k\": 2}", "\u0000")) {
      Files.writeString(config, text);
      Execution.of("sae", "info", sae.toString()).assertRefused(config.toString());
    }
    Files.write(config, new byte[] {(byte) 0xff, (byte) 0xfe});
    Execution.of("sae", "info", sae.toString()).assertRefused(config.toString());
  }

  @Test
  void weightsOfAnotherShape() throws IOException {
    Path sae = Samples.sae(folder, "--activations", Samples.activationsFile(folder));
    Path config = sae.resolve("cfg.json");
    Files.writeString(config, Files.readString(config).replace("\"d_sae\": 16", "\"d_sae\": 17"));
    Execution.of("sae", "info", sae.toString()).assertRefused("W_enc", "17");
  }

  @Test
  void anUnknownSettingIsNamed() throws IOException {
    Path config = folder.resolve("config.json");
    String sae = "{\"architecture\": \"topk\", \"d_sae\": 16, \"d_sea\": 17, \"k\": 3}";
    Files.writeString(config, "{\"sae\": " + sae + "}");
    Execution.of(
            "train", "--config", config.toString(), "--activations", "x", "--out", out().toString())
        .assertRefused("config.json", "sae.d_sea");
    Execution.of("quickstart", "--config", config.toString()).assertRefused("config.json", "sae");
    assertNothingWritten();
  }

  @Test
  void settingsThatContradict() throws IOException {
    Path file = Samples.activationsFile(folder);
    Samples.train("--activations", file, out(), "--k", "17").assertRefused();
    Execution.of(
            "train",
            "--activations",
            file.toString(),
            "--out",
            out().toString(),
            "--kind",
            "topk",
            "--d-sae",
            "16",
            "--k",
            "17",
            "--tokens",
            "64")
        .assertRefused("k: is 17, d_sae is 16; k must be at most d_sae");
    Execution.of("train", "--activations", "a", "--store", "b", "--out", out().toString())
        .assertRefused("--activations", "--store");
    Execution.of("train", "--out", out().toString()).assertRefused("--activations", "--store");
    Execution.of("train", "--activations", file.toString(), "--out", out().toString())
        .assertRefused("--kind is required");
    assertNothingWritten();
  }

  @Test
  void numbersThatAreNotFinite() throws IOException {
    float[] values = Samples.activations();
    values[2 * Samples.D_IN + 4] = Float.NaN;
    Path file = folder.resolve("nan.safetensors");
    new SafetensorsWriter().floats("activations", values, Samples.TOKENS, Samples.D_IN).write(file);
    Samples.train("--activations", file, out()).assertRefused("row 2", "column 4", "NaN");
    assertNothingWritten();
  }

  @Test
  void aTrainingThatDiverges() throws IOException {
    Path file = Samples.activationsFile(folder);
    Execution execution =
        Execution.of(
            "train",
            "--activations",
            file.toString(),
            "--out",
            out().toString(),
            "--kind",
            "topk",
            "--d-sae",
            "16",
            "--k",
            "3",
            "--tokens",
            "6400",
            "--batch",
            "64",
            "--lr",
            "1e38");
    assertEquals(2, execution.exitCode(), execution.err());
    assertTrue(execution.err().lines().toList().getLast().startsWith("mechinterp: training: step"));
    assertNothingWritten();
  }

  @Test
  void activationsUnderAnotherName() throws IOException {
    Path file = folder.resolve("other.safetensors");
    new SafetensorsWriter().floats("x", Samples.activations(), Samples.TOKENS, 6).write(file);
    Samples.train("--activations", file, out()).assertRefused("activations", file.toString());
    assertNothingWritten();
  }

  @Test
  void tooLittleMemoryIsFoundBeforeTheStart() throws IOException {
    assumeTrue(Runtime.getRuntime().maxMemory() < 40L << 30, "the heap is not too small");
    Path file = Samples.activationsFile(folder);
    Execution.of(
            "train",
            "--activations",
            file.toString(),
            "--out",
            out().toString(),
            "--kind",
            "topk",
            "--d-sae",
            "300000000",
            "--k",
            "3",
            "--tokens",
            "64")
        .assertRefused("needs", "MiB", "-Xmx");
    assertNothingWritten();
  }

  @Test
  void anEmptyText() throws IOException {
    Path text = folder.resolve("empty.txt");
    for (String content : List.of("", "\n \n\t\n")) {
      Files.writeString(text, content);
      harvest(MODEL, HOOK, text).assertRefused("empty.txt", "has no text");
    }
    assertNothingWritten();
  }

  @Test
  void aTextThatIsNotUtf8() throws IOException {
    Path text = folder.resolve("latin1.txt");
    Files.write(text, "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
    harvest(MODEL, HOOK, text).assertRefused("latin1.txt", "UTF-8");
    assertNothingWritten();
  }

  @Test
  void aHookThatDoesNotExistIsAnsweredWithThoseThatDo() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "A sentence.\n");
    harvest(MODEL, "blocks.3.hook_nothing", text)
        .assertRefused("blocks.3.hook_nothing", "hook_resid_post");
    harvest(MODEL, "blocks.99.hook_resid_post", text).assertRefused("blocks.99.hook_resid_post");
    harvest(MODEL, "Blocks[3]", text).assertRefused("Blocks[3]");
    assertNothingWritten();
  }

  @Test
  void aModelThatIsUnknownOrDamaged() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "A sentence.\n");
    harvest("no-such-model", HOOK, text).assertRefused("no-such-model", MODEL);
    Path model = Files.createDirectory(folder.resolve("model"));
    Files.write(model.resolve("model.onnx"), new byte[] {8, 7, 0x3a, 100, 1, 2});
    Files.writeString(model.resolve("tokenizer.json"), "{}");
    harvest(model.toString(), HOOK, text).assertRefused("model");
    assertNothingWritten();
  }

  private Execution harvest(String model, String hook, Path text) {
    return Execution.of(
        "harvest",
        "--model",
        model,
        "--hook",
        hook,
        "--text",
        text.toString(),
        "--out",
        out().toString());
  }

  @Test
  void anAutoencoderOfAnotherHook() throws IOException {
    Path store = Samples.store(folder, "store", "blocks.1.hook_resid_post");
    Path other = Samples.store(folder, "other", "blocks.2.hook_resid_post");
    Path sae = Samples.sae(folder, "--store", store);
    Execution.of("eval", "--sae", sae.toString(), "--store", store.toString()).assertDone();
    Execution.of("eval", "--sae", sae.toString(), "--store", other.toString())
        .assertRefused("hook", "blocks.1.hook_resid_post", "blocks.2.hook_resid_post");
  }

  @Test
  void activationsOfAnotherWidth() throws IOException {
    Path sae = Samples.sae(folder, "--activations", Samples.activationsFile(folder));
    Path file = folder.resolve("narrow.safetensors");
    new SafetensorsWriter().floats("activations", new float[] {1, 2, 3}, 1, 3).write(file);
    Execution.of("eval", "--sae", sae.toString(), "--activations", file.toString())
        .assertRefused("3 wide", "d_in is 6");
    Execution.of(
            "sae",
            "encode",
            "--sae",
            sae.toString(),
            "--activations",
            file.toString(),
            "--out",
            out().toString())
        .assertRefused("d_in is 6");
    assertNothingWritten();
  }

  @Test
  void aPlaceThatIsTakenIsRefusedBeforeTheWork() throws IOException {
    Path file = Samples.activationsFile(folder);
    Path taken = Files.createDirectory(folder.resolve("taken"));
    Files.writeString(taken.resolve("mine.txt"), "mine");
    Execution refused = Samples.train("--activations", file, taken);
    refused.assertRefused("taken", "holds files");
    Samples.train("--activations", file, file).assertRefused("exists already");
    assertEquals("mine", Files.readString(taken.resolve("mine.txt")));
    Path sae = Samples.sae(folder, "--activations", file);
    Execution.of(
            "sae",
            "encode",
            "--sae",
            sae.toString(),
            "--activations",
            file.toString(),
            "--out",
            folder.resolve("nowhere/codes.safetensors").toString())
        .assertRefused("nowhere", "not a folder");
  }

  @Test
  void aNumberOfThreadsThatNoMachineHas() {
    for (String threads : List.of("0", "-1", "100000")) {
      Execution.of("sae", "info", "nowhere", "--threads", threads).assertRefused("--threads");
    }
  }

  @Test
  void aStackTraceOnlyWhenAskedFor() {
    Execution execution = Execution.of("sae", "info", "nowhere", "--stacktrace");
    assertEquals(2, execution.exitCode());
    assertTrue(execution.err().contains("\tat "), execution.err());
    assertTrue(execution.err().contains("\nmechinterp: "), execution.err());
  }
}
