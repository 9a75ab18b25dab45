package mechinterp.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsFile;
import mechinterp.random.RandomStream;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GatedSaeTest {
  private static final int D_IN = 19;
  private static final int D_SAE = 70;
  private static final int TOKENS = 41;

  private final Device device = CpuDevice.scalar();
  private final FloatMatrix x = RandomSae.activations(device, TOKENS, D_IN, 5);

  @TempDir private Path folder;

  private GatedSae sae() {
    GatedSae sae = GatedSae.allocate(device, new GatedConfig(D_IN, D_SAE));
    RandomStream random = RandomStream.of(3, "weights");
    for (int i = 0; i < sae.parameters().size(); i++) {
      RandomSae.fill(device, sae.parameters().get(i).value(), random, 1_000_000L * i);
    }
    sae.weightsChanged();
    return sae;
  }

  private float[] latents(Sae sae, FloatMatrix activations) {
    SparseCodes codes = sae.newCodes(TOKENS);
    sae.encode(codes, activations);
    int[] indices = device.toHost(codes.indices());
    int[] counts = device.toHost(codes.counts());
    float[] values = device.toHost(codes.values());
    float[] dense = new float[TOKENS * D_SAE];
    for (int t = 0; t < TOKENS; t++) {
      for (int at = t * codes.capacity(); at < t * codes.capacity() + counts[t]; at++) {
        dense[t * D_SAE + indices[at]] = values[at];
      }
    }
    return dense;
  }

  @Test
  void latentsAreTheMagnitudesOfOpenGates() {
    GatedSae sae = sae();
    float[] wEnc = device.toHost(sae.weights().wEnc());
    float[] bGate = device.toHost(sae.weights().bEnc());
    float[] bDec = device.toHost(sae.weights().bDec());
    float[] rMag = device.toHost(sae.rMag());
    float[] bMag = device.toHost(sae.bMag());
    float[] inputs = device.toHost(x);
    float[] found = latents(sae, x);
    int openWithoutMagnitude = 0;
    for (int t = 0; t < TOKENS; t++) {
      for (int f = 0; f < D_SAE; f++) {
        double z = 0;
        for (int j = 0; j < D_IN; j++) {
          z += (double) (inputs[t * D_IN + j] - bDec[j]) * wEnc[f * D_IN + j];
        }
        double magnitude = Math.max(0, Math.exp(rMag[f]) * z + bMag[f]);
        boolean open = z + bGate[f] > 0;
        assertEquals(open ? magnitude : 0, found[t * D_SAE + f], 1e-4);
        openWithoutMagnitude += open && magnitude == 0 ? 1 : 0;
      }
    }
    assertTrue(openWithoutMagnitude > 0);
  }

  @Test
  void foldingTheInputScaleKeepsTheLatentsAndScalesTheReconstruction() {
    GatedSae sae = sae();
    FloatMatrix scaled = device.floats(TOKENS, D_IN);
    device.kernels().scale(scaled, x, 0.25f);
    Sae folded = sae.foldInputScale(0.25);
    assertArrayEquals(latents(sae, scaled), latents(folded, x), 1e-4f);

    float[] expected = reconstructions(sae, scaled);
    float[] found = reconstructions(folded, x);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i] / 0.25, found[i], 1e-3);
    }
  }

  private float[] reconstructions(Sae sae, FloatMatrix activations) {
    SparseCodes codes = sae.newCodes(TOKENS);
    FloatMatrix out = device.floats(TOKENS, D_IN);
    sae.encode(codes, activations);
    sae.reconstruct(out, codes, activations);
    return device.toHost(out);
  }

  @Test
  void savedAndLoadedAllTensorsHaveTheSameBits() throws IOException {
    GatedSae sae = sae();
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, SaeMetadata.of("gpt2", "blocks.8.hook_resid_post"));
    Sae loaded = SaeFiles.load(target, device).sae();
    assertEquals(sae.config(), loaded.config());
    for (int i = 0; i < sae.parameters().size(); i++) {
      assertArrayEquals(
          device.toHost(sae.parameters().get(i).value()),
          device.toHost(loaded.parameters().get(i).value()),
          sae.parameters().get(i).name());
    }
    assertArrayEquals(latents(sae, x), latents(loaded, x));
    try (SafetensorsFile tensors =
        SafetensorsFile.open(target.resolve("sae_weights.safetensors"))) {
      assertEquals(
          Set.of("W_enc", "b_gate", "r_mag", "b_mag", "W_dec", "b_dec"), tensors.tensors());
    }
  }

  @Test
  void aScaleThatIsNotFiniteIsRefused() throws IOException {
    GatedSae sae = sae();
    device.kernels().fill(sae.rMag(), 90);
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, SaeMetadata.of("gpt2", "blocks.8.hook_resid_post"));
    assertEquals(
        target.resolve("sae_weights.safetensors")
            + ": tensor \"r_mag\" has 90.0; its exponential must be finite",
        Refusal.of(FormatException.class, () -> SaeFiles.load(target, device)));
  }
}
