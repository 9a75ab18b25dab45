package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.experiments.Execution;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.SaeMetadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** {@code sae convert}, {@code sae info} on its files, and {@code sae decode}. */
class SaeConvertTest {
  @TempDir private Path folder;

  private Path codes(Path sae, Path activations, String name) {
    Path out = folder.resolve(name);
    Execution.of(
            "sae",
            "encode",
            "--sae",
            sae.toString(),
            "--activations",
            activations.toString(),
            "--out",
            out.toString())
        .assertDone();
    return out;
  }

  private static Execution convert(Path sae, String format, Path out) {
    return Execution.of(
        "sae",
        "convert",
        "--sae",
        sae.toString(),
        "--format",
        format,
        "--out",
        out.toString(),
        "--json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"saelens", "sparsify", "dictionary-learning"})
  void aConvertedAutoencoderGivesTheSameCodes(String format) throws IOException {
    Path activations = Samples.activationsFile(folder);
    Path sae = Samples.sae(folder, "--activations", activations);
    Path converted = folder.resolve("converted");
    assertEquals(
        format, convert(sae, format, converted).assertDone().json().get("format").asString());
    assertEquals(
        format,
        Execution.of("sae", "info", converted.toString(), "--json")
            .assertDone()
            .json()
            .get("format")
            .asString());
    assertArrayEquals(
        Files.readAllBytes(codes(sae, activations, "a.safetensors")),
        Files.readAllBytes(codes(converted, activations, "b.safetensors")));
  }

  @Test
  void aCrossLayerTranscoderIsShownAndWrittenForCircuitTracer() throws IOException {
    Path transcoder = folder.resolve("clt");
    CrossLayerSizes config = new CrossLayerSizes(3, 4, 7, false);
    CrossLayerTranscoderFiles.save(
        CrossLayerTranscoder.allocate(CpuDevice.scalar(), config),
        transcoder,
        SaeMetadata.of("gpt2", "blocks.0.hook_resid_mid"));
    JsonNode shown =
        Execution.of("sae", "info", transcoder.toString(), "--json").assertDone().json();
    assertEquals("cross_layer_transcoder", shown.get("architecture").asString());
    assertEquals(3, shown.get("sizes").get("layers").asInt());
    assertEquals(config.parameters(), shown.get("parameters").asLong());
    assertTrue(
        Execution.of("sae", "info", transcoder.toString())
            .assertDone()
            .out()
            .contains("feature_input_hook: hook_resid_mid"));
    Path out = folder.resolve("out");
    convert(transcoder, "saelens", out)
        .assertRefused("a cross-layer transcoder can be written as circuit-tracer");
    assertFalse(Files.exists(out));
    assertEquals(
        "circuit-tracer",
        convert(transcoder, "circuit-tracer", out).assertDone().json().get("format").asString());
    for (String file : List.of("W_enc_2.safetensors", "W_dec_0.safetensors", "config.yaml")) {
      assertArrayEquals(
          Files.readAllBytes(transcoder.resolve(file)), Files.readAllBytes(out.resolve(file)));
    }
  }

  @Test
  void formatsThatAreNotWrittenAndFullFoldersAreRefused() throws IOException {
    Path sae = Samples.sae(folder, "--activations", Samples.activationsFile(folder));
    Path out = folder.resolve("out");
    convert(sae, "gguf", out)
        .assertRefused(
            "--format: is gguf; it must be one of [saelens, sparsify, dictionary-learning, gemma-scope, gemma-scope-2, llama-scope, openai, circuit-tracer]");
    assertFalse(Files.exists(out));
    convert(sae, "sparsify", sae).assertRefused("is not empty");
    convert(folder.resolve("nothing"), "sparsify", out).assertRefused("nothing: cannot be read");
    Execution.of("sae", "info", "hub:x").assertRefused("expected hub:OWNER/NAME/PATH");
  }

  @Test
  void decodedCodesAreTheReconstruction() throws IOException {
    Path activations = Samples.activationsFile(folder);
    Path sae = Samples.sae(folder, "--activations", activations);
    Path codes = codes(sae, activations, "codes.safetensors");
    Path out = folder.resolve("decoded.safetensors");
    decode(sae, codes, out).assertDone();
    try (SafetensorsFile encoded = SafetensorsFile.open(codes);
        SafetensorsFile decoded = SafetensorsFile.open(out)) {
      assertArrayEquals(encoded.floats("reconstruction"), decoded.floats("activations"));
    }
  }

  @Test
  void aCalibratedHybridHasKLatentsInTheMean() throws IOException {
    Path activations = Samples.activationsFile(folder);
    Path topK = Samples.sae(folder, "--activations", activations);
    Path out = folder.resolve("calibrated");
    calibrate(topK, activations, out).assertRefused("is topk; only a hybrid has full codes");
    Path hybrid = folder.resolve("hybrid");
    Execution.of(
            "train",
            "--activations",
            activations.toString(),
            "--out",
            hybrid.toString(),
            "--kind",
            "hybrid",
            "--d-sae",
            "16",
            "--k",
            "3",
            "--tokens",
            "640",
            "--batch",
            "64")
        .assertDone();
    JsonNode result = calibrate(hybrid, activations, out).assertDone().json();
    assertTrue(result.get("least_code").doubleValue() > 0, result.toString());
    assertEquals(
        result.get("k").doubleValue(), l0(out, activations), 0.05 * result.get("k").doubleValue());
    assertTrue(l0(hybrid, activations) <= 3);
  }

  private static Execution calibrate(Path sae, Path activations, Path out) {
    return Execution.of(
        "sae",
        "calibrate",
        "--sae",
        sae.toString(),
        "--activations",
        activations.toString(),
        "--out",
        out.toString(),
        "--json");
  }

  private static double l0(Path sae, Path activations) throws IOException {
    return Execution.of(
            "eval", "--sae", sae.toString(), "--activations", activations.toString(), "--json")
        .assertDone()
        .json()
        .get("l0")
        .doubleValue();
  }

  private static Execution decode(Path sae, Path codes, Path out) {
    return Execution.of(
        "sae",
        "decode",
        "--sae",
        sae.toString(),
        "--codes",
        codes.toString(),
        "--out",
        out.toString());
  }

  @Test
  void codesThatAreNoneAreRefused() throws IOException {
    Path sae = Samples.sae(folder, "--activations", Samples.activationsFile(folder));
    Path out = folder.resolve("out.safetensors");
    decode(sae, codes(new long[] {0, 2, 1, 3}, 0, 1, 2), out)
        .assertRefused("row_offsets do not rise");
    decode(sae, codes(new long[] {0, 2}, 0, 1, 2), out).assertRefused("row_offsets do not rise");
    decode(sae, codes(new long[] {0, 3}, 0, 16, 17), out)
        .assertRefused("indices of token 0 have latent 16; they must rise and be below d_sae = 16");
    decode(sae, codes(new long[] {0, 1, 3}, 4, 5, 5), out)
        .assertRefused("indices of token 1 have latent 5; they must rise");
    assertFalse(Files.exists(out));
  }

  private Path codes(long[] offsets, int... indices) throws IOException {
    Path file = folder.resolve("hostile.safetensors");
    new SafetensorsWriter()
        .longs("row_offsets", offsets, offsets.length)
        .ints("indices", indices, indices.length)
        .floats("values", new float[indices.length], indices.length)
        .write(file);
    return file;
  }
}
