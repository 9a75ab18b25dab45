package mechinterp.sae;

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
import mechinterp.device.Workspace;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsFile;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TranscoderFilesTest {
  private static final int D_IN = 9;
  private static final int D_OUT = 6;
  private static final int D_SAE = 21;

  @TempDir private Path folder;
  private final Device device = CpuDevice.scalar();

  private Sae random(TranscoderConfig config) {
    Sae sae =
        Workspace.allocate(
                "test",
                device,
                w ->
                    SparseObjective.transcoder(
                        w,
                        config,
                        KSchedule.constant(config.k()),
                        4,
                        LossNormalizer.TOKENS,
                        AuxKConfig.defaults()))
            .sae();
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
    FloatMatrix x = RandomSae.activations(device, 12, D_IN, 5);
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
        config + ": apply_b_dec_to_input is true; it must be false for a transcoder",
        Refusal.of(FormatException.class, () -> SaeFiles.load(target, device)));
  }
}
