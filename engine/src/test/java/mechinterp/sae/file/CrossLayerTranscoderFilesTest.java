package mechinterp.sae.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Damage;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.RandomSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrossLayerTranscoderFilesTest {
  private static final float TOLERANCE = 1e-5f;
  private static final String RELU = "circuit-tracer-relu";
  private static final String JUMP_RELU = "circuit-tracer-jump_relu";
  private static final String GEMMA = "gemma-scope-2/clt/width_262k_l0_big_affine";

  private final Device device = CpuDevice.scalar();

  @TempDir private Path folder;

  private static Path golden(String name) {
    return GoldenSaes.root().resolveSibling("clts").resolve(name);
  }

  private Path copied(String name) throws IOException {
    Path copy = folder.resolve("clt");
    Files.createDirectories(copy);
    try (Stream<Path> files = Files.list(golden(name))) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName().toString()));
      }
    }
    return copy;
  }

  /** What circuit-tracer made: numbers of all layers, [layers, tokens, width]. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Expected(float[] x, float[] features, float[] reconstruction, int tokens) {
    static Expected of(String name) throws IOException {
      try (SafetensorsFile file = SafetensorsFile.open(GoldenSaes.expected(golden(name)))) {
        return new Expected(
            file.floats("x"),
            file.floats("features"),
            file.floats("reconstruction"),
            (int) (long) file.info("x").shape().get(1));
      }
    }

    static float[] layer(float[] all, int layer, int numbers) {
      return Arrays.copyOfRange(all, layer * numbers, (layer + 1) * numbers);
    }
  }

  private static void requireAgreement(CrossLayerTranscoder transcoder, Expected expected) {
    CrossLayerSizes config = transcoder.config();
    int tokens = expected.tokens();
    int numbers = tokens * config.dModel();
    List<SparseCodes> codes = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      FloatMatrix x =
          transcoder
              .device()
              .matrix(tokens, config.dModel(), Expected.layer(expected.x(), layer, numbers));
      SparseCodes active = transcoder.newCodes(tokens);
      transcoder.encode(layer, active, x);
      codes.add(active);
      requireClose(
          Expected.layer(expected.features(), layer, tokens * config.dSae()),
          dense(transcoder.device(), active));
      FloatMatrix out = transcoder.device().floats(tokens, config.dModel());
      transcoder.reconstruct(layer, out, codes, x);
      requireClose(
          Expected.layer(expected.reconstruction(), layer, numbers),
          transcoder.device().toHost(out));
    }
  }

  private static float[] dense(Device device, SparseCodes codes) {
    int[] counts = device.toHost(codes.counts());
    int[] latents = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    float[] dense = new float[counts.length * codes.latents()];
    for (int t = 0; t < counts.length; t++) {
      for (int i = t * codes.capacity(); i < t * codes.capacity() + counts[t]; i++) {
        dense[t * codes.latents() + latents[i]] = values[i];
      }
    }
    return dense;
  }

  private static void requireClose(float[] expected, float[] actual) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], TOLERANCE * Math.max(1, Math.abs(expected[i])), "" + i);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {RELU, JUMP_RELU, GEMMA})
  void codesAndReconstructionsOfAllLayersAreThoseOfTheLibrary(String name) throws IOException {
    Expected expected = Expected.of(name);
    requireAgreement(CrossLayerTranscoderFiles.load(golden(name), device).transcoder(), expected);
    try (Device vector = CpuDevice.vector(2)) {
      requireAgreement(CrossLayerTranscoderFiles.load(golden(name), vector).transcoder(), expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {RELU, JUMP_RELU})
  void writtenFilesHaveTheSameTensors(String name) throws IOException {
    LoadedCrossLayerTranscoder loaded = CrossLayerTranscoderFiles.load(golden(name), device);
    assertEquals("google/gemma-2-2b", loaded.metadata().modelName().orElseThrow());
    Path target = folder.resolve("written");
    CrossLayerTranscoderFiles.save(loaded.transcoder(), target, loaded.metadata());
    assertEquals(loaded.metadata(), CrossLayerTranscoderFiles.load(target, device).metadata());
    assertTrue(
        Files.readString(target.resolve("config.yaml"))
            .contains("model_kind: \"cross_layer_transcoder\"\n"));
    for (int layer = 0; layer < 3; layer++) {
      for (String matrix : List.of("W_enc_", "W_dec_")) {
        String file = matrix + layer + ".safetensors";
        requireSameTensors(golden(name).resolve(file), target.resolve(file));
      }
    }
  }

  private static void requireSameTensors(Path expected, Path actual) throws IOException {
    try (SafetensorsFile one = SafetensorsFile.open(expected);
        SafetensorsFile other = SafetensorsFile.open(actual)) {
      assertEquals(one.tensors(), other.tensors());
      for (String tensor : one.tensors()) {
        assertEquals(one.info(tensor).shape(), other.info(tensor).shape());
        assertArrayEquals(one.floats(tensor), other.floats(tensor), tensor);
      }
    }
  }

  @Test
  void oneLayerIsATranscoderToItAndAllLaterOnes() throws IOException {
    Expected expected = Expected.of(JUMP_RELU);
    Path file = golden(JUMP_RELU).resolve("W_enc_1.safetensors");
    LoadedSae loaded = SaeFormats.load(file, device);
    Sae sae = loaded.sae();
    assertEquals(12, sae.dOut(), "of layers 1 and 2");
    assertEquals("blocks.1.hook_resid_mid", loaded.metadata().hookName().orElseThrow());
    assertEquals("blocks.1.hook_mlp_out", loaded.metadata().text("hook_name_out").orElseThrow());
    SparseCodes codes = sae.newCodes(expected.tokens());
    float[] x = Expected.layer(expected.x(), 1, expected.tokens() * 6);
    sae.encode(codes, device.matrix(expected.tokens(), 6, x));
    requireClose(
        Expected.layer(expected.features(), 1, expected.tokens() * 11), dense(device, codes));
  }

  /** Tokens in several chunks have the bits that they have alone. */
  @Test
  void aTokenDoesNotDependOnOthers() throws IOException {
    CrossLayerTranscoder transcoder =
        CrossLayerTranscoderFiles.load(golden(JUMP_RELU), device).transcoder();
    int tokens = 1030;
    FloatMatrix x = RandomSae.activations(device, tokens, 6, 3);
    float[] many = lastLayer(transcoder, x);
    float[] one = lastLayer(transcoder, x.rowRange(1027, 1028));
    assertArrayEquals(one, Arrays.copyOfRange(many, 1027 * 6, 1028 * 6));
  }

  private float[] lastLayer(CrossLayerTranscoder transcoder, FloatMatrix x) {
    List<SparseCodes> codes = new ArrayList<>();
    for (int layer = 0; layer < 3; layer++) {
      codes.add(transcoder.newCodes(x.rows()));
      transcoder.encode(layer, codes.getLast(), x);
    }
    FloatMatrix out = device.floats(x.rows(), 6);
    transcoder.decode(2, out, codes);
    return device.toHost(out);
  }

  @Test
  void codesOfAllLayersBeforeAreNeeded() throws IOException {
    CrossLayerTranscoder transcoder =
        CrossLayerTranscoderFiles.load(golden(RELU), device).transcoder();
    assertEquals(
        "codes: are of 2 layers; layer 2 is made of those of layers 0 to 2",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                transcoder.decode(
                    2,
                    device.floats(4, 6),
                    List.of(transcoder.newCodes(4), transcoder.newCodes(4)))));
  }

  @Test
  void aTranscoderIsNoAutoencoderAndSkipConnectionsAreNotWritten() throws IOException {
    for (String name : List.of(RELU, GEMMA)) {
      assertTrue(CrossLayerTranscoderFiles.areIn(golden(name)));
      String message =
          Refusal.of(FormatException.class, () -> SaeFormats.load(golden(name), device));
      assertTrue(message.startsWith(golden(name) + ": holds a cross-layer transcoder"), message);
    }
    CrossLayerTranscoder gemma = CrossLayerTranscoderFiles.load(golden(GEMMA), device).transcoder();
    Path target = folder.resolve("written");
    assertEquals(
        "format circuit-tracer: the transcoder has skip connections; files of cross-layer transcoders have no place for them",
        Refusal.of(
            IllegalArgumentException.class,
            () -> CrossLayerTranscoderFiles.save(gemma, target, new SaeMetadata(Map.of()))));
    assertFalse(Files.exists(target));
    assertFalse(CrossLayerTranscoderFiles.areIn(folder));
    assertEquals(
        folder
            + ": holds no cross-layer transcoder; expected W_enc_0.safetensors, or params_layer_0.safetensors below a folder with clt in its name",
        Refusal.of(FormatException.class, () -> CrossLayerTranscoderFiles.load(folder, device)));
  }

  @Test
  void whatIsMissingOrDoesNotFitIsNamed() throws IOException {
    Path copy = copied(JUMP_RELU);
    Files.writeString(copy.resolve("config.yaml"), "activation: topk\n");
    assertEquals(
        copy.resolve("config.yaml")
            + ": has \"activation: topk\"; transcoders with ReLU or JumpReLU can be read",
        refusal(copy));
    Files.delete(copy.resolve("config.yaml"));
    Files.delete(copy.resolve("W_enc_2.safetensors"));
    assertEquals(
        copy.resolve("W_dec_0.safetensors")
            + ": tensor \"W_dec_0\" is [11, 3, 6]; it must be [11, 2, 6]",
        refusal(copy));
    Path file = copy.resolve("W_enc_0.safetensors");
    float[] thresholds = new float[11];
    thresholds[4] = -0.5f;
    new SafetensorsWriter()
        .floats("W_enc_0", new float[66], 11, 6)
        .floats("b_enc_0", new float[11], 11)
        .floats("b_dec_0", new float[6], 6)
        .floats("threshold_0", thresholds, 11)
        .write(file);
    assertEquals(
        file + ": tensor \"threshold_0\" has -0.5 at number 4; thresholds must be at least 0",
        Refusal.of(FormatException.class, () -> SaeFormats.load(file, device)));
    Files.delete(copy.resolve("W_dec_1.safetensors"));
    assertTrue(
        Refusal.of(IOException.class, () -> CrossLayerTranscoderFiles.load(copy, device))
            .contains("W_dec_"));
  }

  private String refusal(Path copy) {
    return Refusal.of(FormatException.class, () -> CrossLayerTranscoderFiles.load(copy, device));
  }

  @ParameterizedTest
  @ValueSource(strings = {JUMP_RELU, GEMMA})
  void damagedFilesAreReadOrRefusedInOneLine(String name) throws IOException {
    Path source = copied(name);
    SplittableRandom random = new SplittableRandom(11);
    int refused = 0;
    List<Path> files;
    try (Stream<Path> all = Files.list(source)) {
      files = all.filter(file -> !file.endsWith("expected.safetensors")).toList();
    }
    for (Path file : files) {
      byte[] content = Files.readAllBytes(file);
      for (int round = 0; round < 60; round++) {
        Files.write(file, Damage.to(content, random));
        refused += isRefused(source) ? 1 : 0;
      }
      Files.write(file, content);
    }
    assertTrue(refused > 60, refused + " refused");
  }

  private boolean isRefused(Path source) throws IOException {
    Path oneLayer = source.resolve("W_enc_0.safetensors");
    try {
      if (Files.exists(oneLayer)) {
        var _ = SaeFormats.load(oneLayer, device);
      }
      var _ = CrossLayerTranscoderFiles.load(source, device);
      return false;
    } catch (FormatException e) {
      var _ = Refusal.oneLine(e);
      return true;
    }
  }

  @Test
  void parametersAreCounted() {
    CrossLayerSizes config = new CrossLayerSizes(3, 6, 11, true);
    CrossLayerTranscoder transcoder = CrossLayerTranscoder.allocate(device, config);
    long counted = 0;
    for (int layer = 0; layer < 3; layer++) {
      SaeWeights weights = transcoder.layer(layer).weights();
      counted += weights.wEnc().size() + weights.bEnc().size() + weights.wDec().size() + 6;
      counted += transcoder.layer(layer).thresholds().size();
      counted += transcoder.skip(layer).orElseThrow().size();
    }
    assertEquals(config.parameters(), counted);
  }
}
