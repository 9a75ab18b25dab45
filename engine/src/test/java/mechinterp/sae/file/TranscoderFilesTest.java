package mechinterp.sae.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsFile;
import mechinterp.random.RandomStream;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.RandomSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TranscoderFilesTest {
  private static final int D_IN = 9;
  private static final int D_OUT = 6;
  private static final int D_SAE = 21;

  @TempDir private Path folder;
  private final Device device = CpuDevice.scalar();

  private Sae random(SaeConfig config) {
    Sae sae = Sae.allocate(device, config);
    long first = 0;
    for (SaeParameter parameter : sae.parameters()) {
      RandomSae.fill(device, parameter.value(), RandomStream.of(7, "weights"), first);
      first += 100_000;
    }
    if (sae instanceof ThresholdSae threshold) {
      device.kernels().fill(threshold.thresholds(), 0.4f);
    }
    sae.weightsChanged();
    return sae;
  }

  private float[] made(Sae sae) {
    FloatMatrix x = RandomSae.activations(device, 12, sae.dIn(), 5);
    SparseCodes codes = sae.newCodes(12);
    FloatMatrix out = device.floats(12, sae.dOut());
    sae.encode(codes, x);
    sae.reconstruct(out, codes, x);
    return device.toHost(out);
  }

  @ParameterizedTest
  @CsvSource({
    "TOKEN, false, topk_transcoder",
    "TOKEN, true,  topk_skip_transcoder",
    "BATCH, false, jumprelu_transcoder",
    "BATCH, true,  jumprelu_skip_transcoder",
  })
  void savedAndLoadedItMakesTheSameBits(KScope scope, boolean skip, String architecture)
      throws IOException {
    TranscoderConfig config = new TranscoderConfig(D_IN, D_OUT, D_SAE, 4, scope, skip);
    Sae sae = random(config);
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, new SaeMetadata(Map.of()).with("hook_name_out", "out"));

    LoadedSae loaded = SaeFiles.load(target, device);
    assertArrayEquals(made(sae), made(loaded.sae()));
    assertEquals("out", loaded.metadata().text("hook_name_out").orElseThrow());
    SaeConfig expected =
        scope == KScope.TOKEN ? config : new JumpReluTranscoderConfig(D_IN, D_OUT, D_SAE, skip);
    assertEquals(expected, loaded.sae().config());
    String text = Files.readString(target.resolve("cfg.json"));
    assertTrue(text.contains("\"architecture\": \"" + architecture + "\""), text);
    assertTrue(text.contains("\"d_out\": 6"), text);
    assertTrue(text.contains("\"apply_b_dec_to_input\": false"), text);
    assertEquals(scope == KScope.BATCH, text.contains("\"training_k\": 4"), text);
    assertEquals(scope == KScope.TOKEN, text.contains("\"k\": 4"), text);
    try (SafetensorsFile file = SafetensorsFile.open(target.resolve("sae_weights.safetensors"))) {
      assertEquals(List.of((long) D_SAE, (long) D_OUT), file.info("W_dec").shape());
      assertEquals(skip, file.tensors().contains("W_skip"));
      if (skip) {
        assertArrayEquals(device.toHost(sae.skip().orElseThrow()), file.floats("W_skip"));
      }
    }
  }

  @Test
  void groupMaxIsSavedAsItselfAndMultiTopKAsTopK() throws IOException {
    GroupMaxConfig groups = new GroupMaxConfig(D_IN, D_SAE, 7);
    Sae groupMax = random(groups);
    SaeFiles.save(groupMax, folder.resolve("groups"), new SaeMetadata(Map.of()));
    Sae loaded = SaeFiles.load(folder.resolve("groups"), device).sae();
    assertEquals(groups, loaded.config());
    assertArrayEquals(made(groupMax), made(loaded));

    MultiTopKConfig multi = new MultiTopKConfig(D_IN, D_SAE, 3);
    Sae trained = random(multi);
    SaeFiles.save(trained, folder.resolve("multi"), new SaeMetadata(Map.of()));
    LoadedSae topK = SaeFiles.load(folder.resolve("multi"), device);
    assertEquals(new TopKConfig(D_IN, D_SAE, 3), topK.sae().config());
    assertEquals("multi_topk", topK.metadata().text("training_architecture").orElseThrow());
    assertArrayEquals(made(trained), made(topK.sae()));
  }

  @ParameterizedTest
  @EnumSource(KScope.class)
  void aCrosscoderHasALayerForEachHookPoint(KScope scope) throws IOException {
    CrosscoderConfig config = new CrosscoderConfig(3, 4, D_SAE, 5, scope);
    Sae sae = random(config);
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, new SaeMetadata(Map.of()));
    Sae loaded = SaeFiles.load(target, device).sae();
    assertArrayEquals(made(sae), made(loaded));
    SaeConfig expected = scope == KScope.TOKEN ? config : new JumpReluCrosscoderConfig(3, 4, D_SAE);
    assertEquals(expected, loaded.config());
    float[] wEnc = device.toHost(sae.weights().wEnc());
    float[] wDec = device.toHost(sae.weights().wDec());
    Path weights = target.resolve("sae_weights.safetensors");
    try (SafetensorsFile file = SafetensorsFile.open(weights)) {
      assertEquals(List.of(3L, 4L, (long) D_SAE), file.info("W_enc").shape());
      assertEquals(List.of((long) D_SAE, 3L, 4L), file.info("W_dec").shape());
      assertEquals(List.of(3L, 4L), file.info("b_dec").shape());
      assertEquals(wEnc[7 * 12 + 2 * 4 + 1], file.floats("W_enc")[(2 * 4 + 1) * D_SAE + 7]);
      assertEquals(wDec[7 * 12 + 2 * 4 + 1], file.floats("W_dec")[(7 * 3 + 2) * 4 + 1]);
    }
    Path cfg = target.resolve("cfg.json");
    Files.writeString(cfg, Files.readString(cfg).replace("\"layers\": 3", "\"layers\": 4"));
    assertEquals(
        weights + ": tensor \"W_enc\" is [3, 4, 21]; it must be [4, 4, any]",
        Refusal.of(FormatException.class, () -> SaeFiles.load(target, device)));
  }

  @Test
  void oneOfReluIsReadAsThresholdsOfZero() throws IOException {
    Sae sae = random(TranscoderConfig.of(D_IN, D_OUT, D_SAE, 4).withSkip(true));
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, new SaeMetadata(Map.of()));
    Path config = target.resolve("cfg.json");
    Files.writeString(
        config, Files.readString(config).replace("topk_skip_transcoder", "skip_transcoder"));
    Sae relu = SaeFiles.load(target, device).sae();
    assertEquals(new JumpReluTranscoderConfig(D_IN, D_OUT, D_SAE, true), relu.config());
    SparseCodes codes = relu.newCodes(12);
    relu.encode(codes, RandomSae.activations(device, 12, D_IN, 5));
    int most = 0;
    for (int count : device.toHost(codes.counts())) {
      most = Math.max(most, count);
    }
    assertTrue(most > 4, "more are active than k allowed");
  }

  @Test
  void oneThatSubtractsItsBiasIsRefused() throws IOException {
    Path target = folder.resolve("sae");
    SaeFiles.save(
        random(TranscoderConfig.of(D_IN, D_OUT, D_SAE, 4)), target, new SaeMetadata(Map.of()));
    Path config = target.resolve("cfg.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"apply_b_dec_to_input\": false", "\"apply_b_dec_to_input\": true"));
    assertEquals(
        config + ": apply_b_dec_to_input is true; it must be false for a topk_transcoder",
        Refusal.of(FormatException.class, () -> SaeFiles.load(target, device)));
  }
}
