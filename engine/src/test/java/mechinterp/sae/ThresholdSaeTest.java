package mechinterp.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.SafetensorsFile;
import mechinterp.random.RandomStream;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ThresholdSaeTest {
  private static final int D_IN = 19;
  private static final int D_SAE = 70;
  private static final int TOKENS = 41;

  private final Device device = CpuDevice.scalar();

  @TempDir private Path folder;

  private ThresholdSae sae(SaeConfig config) {
    ThresholdSae sae = ThresholdSae.allocate(device, config);
    RandomStream random = RandomStream.of(3, "weights");
    RandomSae.fill(device, sae.weights().wEnc(), random, 0);
    RandomSae.fill(device, sae.weights().bEnc(), random, 1_000_000);
    RandomSae.fill(device, sae.weights().wDec(), random, 2_000_000);
    RandomSae.fill(device, sae.weights().bDec(), random, 3_000_000);
    RandomSae.fill(device, sae.thresholds(), random, 4_000_000);
    device.kernels().multiply(sae.thresholds(), sae.thresholds(), sae.thresholds());
    sae.weightsChanged();
    return sae;
  }

  private float[] latents(Sae sae, FloatMatrix x) {
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, x);
    int[] indices = device.toHost(codes.indices());
    int[] counts = device.toHost(codes.counts());
    float[] values = device.toHost(codes.values());
    float[] dense = new float[x.rows() * sae.dSae()];
    for (int t = 0; t < x.rows(); t++) {
      for (int slot = 0; slot < counts[t]; slot++) {
        int at = t * codes.capacity() + slot;
        dense[t * sae.dSae() + indices[at]] = values[at];
      }
    }
    return dense;
  }

  @Test
  void latentsAreThePreActivationsAboveTheirThresholds() {
    ThresholdSae sae = sae(new JumpReluConfig(D_IN, D_SAE));
    FloatMatrix x = RandomSae.activations(device, TOKENS, D_IN, 5);
    float[] wEnc = device.toHost(sae.weights().wEnc());
    float[] bEnc = device.toHost(sae.weights().bEnc());
    float[] bDec = device.toHost(sae.weights().bDec());
    float[] thresholds = device.toHost(sae.thresholds());
    float[] inputs = device.toHost(x);
    float[] found = latents(sae, x);
    for (int t = 0; t < TOKENS; t++) {
      for (int f = 0; f < D_SAE; f++) {
        double z = bEnc[f];
        for (int j = 0; j < D_IN; j++) {
          z += (double) (inputs[t * D_IN + j] - bDec[j]) * wEnc[f * D_IN + j];
        }
        assertEquals(z > thresholds[f] ? z : 0, found[t * D_SAE + f], 1e-4);
      }
    }
  }

  @Test
  void foldingTheInputScaleKeepsTheLatents() {
    ThresholdSae sae = sae(new JumpReluConfig(D_IN, D_SAE));
    FloatMatrix x = RandomSae.activations(device, TOKENS, D_IN, 5);
    FloatMatrix scaled = device.floats(TOKENS, D_IN);
    device.kernels().scale(scaled, x, 0.25f);
    Sae folded = sae.foldInputScale(0.25);

    assertArrayEquals(latents(sae, scaled), latents(folded, x), 1e-4f);
  }

  @Test
  void batchTopKIsSavedAsTheJumpReluThatItIsAfterTraining() throws IOException {
    ThresholdSae sae = sae(new BatchTopKConfig(D_IN, D_SAE, 7));
    SaeFiles.save(sae, folder.resolve("sae"), SaeMetadata.of("gpt2", "blocks.8.hook_resid_post"));
    LoadedSae loaded = SaeFiles.load(folder.resolve("sae"), device);
    FloatMatrix x = RandomSae.activations(device, TOKENS, D_IN, 5);

    assertEquals(new JumpReluConfig(D_IN, D_SAE), loaded.sae().config());
    assertEquals(Optional.of("batchtopk"), loaded.metadata().text("training_architecture"));
    assertArrayEquals(latents(sae, x), latents(loaded.sae(), x));
  }

  @Test
  void reluHasNoThresholdsInItsFileAndPAnnealingIsSavedAsIt() throws IOException {
    ThresholdSae sae = sae(PAnnealConfig.of(D_IN, D_SAE, 7));
    device.kernels().fill(sae.thresholds(), 0);
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, SaeMetadata.of("gpt2", "blocks.8.hook_resid_post"));
    LoadedSae loaded = SaeFiles.load(target, device);
    FloatMatrix x = RandomSae.activations(device, TOKENS, D_IN, 5);

    assertEquals(new StandardConfig(D_IN, D_SAE), loaded.sae().config());
    assertEquals(Optional.of("p_anneal"), loaded.metadata().text("training_architecture"));
    assertArrayEquals(latents(sae, x), latents(loaded.sae(), x));
    try (SafetensorsFile tensors =
        SafetensorsFile.open(target.resolve("sae_weights.safetensors"))) {
      assertEquals(Set.of("W_enc", "b_enc", "W_dec", "b_dec"), tensors.tensors());
    }
  }
}
