package mechinterp.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeFormat;
import mechinterp.sae.file.SaeFormats;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("kernels")
final class SwitchSaeTest {
  private static final int D_IN = 13;
  private static final int WIDTH = 19;
  private static final SwitchConfig CONFIG = SwitchConfig.of(D_IN, 5 * WIDTH, 4, 5);
  private static final SaeMetadata METADATA = SaeMetadata.of("gpt2", "blocks.8.hook_resid_post");

  private final Device device = CpuDevice.best(2);

  @TempDir private Path folder;

  @AfterEach
  void close() {
    device.close();
  }

  private SwitchSae random() {
    SwitchSae sae = SwitchSae.allocate(device, CONFIG);
    RandomStream random = RandomStream.of(3, "weights");
    RandomSae.fill(device, sae.weights().wEnc(), random, 0);
    RandomSae.fill(device, sae.weights().bEnc(), random, 1_000_000);
    RandomSae.fill(device, sae.weights().wDec(), random, 2_000_000);
    RandomSae.fill(device, sae.weights().bDec(), random, 3_000_000);
    RandomSae.fill(device, sae.wRouter(), random, 4_000_000);
    RandomSae.fill(device, sae.bRouter(), random, 5_000_000);
    sae.weightsChanged();
    return sae;
  }

  private float[] dense(Sae sae, FloatMatrix x) {
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, x);
    int[] indices = device.toHost(codes.indices());
    int[] counts = device.toHost(codes.counts());
    float[] values = device.toHost(codes.values());
    float[] dense = new float[x.rows() * sae.dSae()];
    for (int t = 0; t < x.rows(); t++) {
      for (int slot = t * codes.capacity(); slot < t * codes.capacity() + counts[t]; slot++) {
        dense[t * sae.dSae() + indices[slot]] = values[slot];
      }
    }
    return dense;
  }

  /** The definition, in double precision. */
  private final class Naive {
    private final float[] wEnc;
    private final float[] bEnc;
    private final float[] bDec;
    private final float[] wRouter;
    private final float[] bRouter;

    Naive(SwitchSae sae) {
      wEnc = device.toHost(sae.weights().wEnc());
      bEnc = device.toHost(sae.weights().bEnc());
      bDec = device.toHost(sae.weights().bDec());
      wRouter = device.toHost(sae.wRouter());
      bRouter = device.toHost(sae.bRouter());
    }

    private double[] probabilities(float[] x) {
      double[] p = new double[CONFIG.experts()];
      for (int i = 0; i < p.length; i++) {
        double h = 0;
        for (int j = 0; j < D_IN; j++) {
          h += (double) (x[j] - bRouter[j]) * wRouter[i * D_IN + j];
        }
        p[i] = Math.exp(h);
      }
      double sum = Arrays.stream(p).sum();
      return Arrays.stream(p).map(each -> each / sum).toArray();
    }

    private int expert(float[] x) {
      double[] p = probabilities(x);
      return IntStream.range(0, p.length)
          .boxed()
          .max(Comparator.comparingDouble(i -> p[i]))
          .orElseThrow();
    }

    double[] encode(float[] x) {
      int expert = expert(x);
      double[] z = new double[CONFIG.dSae()];
      for (int i = expert * WIDTH; i < (expert + 1) * WIDTH; i++) {
        z[i] = bEnc[i];
        for (int j = 0; j < D_IN; j++) {
          z[i] += (double) (x[j] - bDec[j]) * wEnc[i * D_IN + j];
        }
      }
      double limit = Arrays.stream(z).sorted().skip(z.length - CONFIG.k()).findFirst().orElse(0);
      double p = probabilities(x)[expert];
      return Arrays.stream(z).map(each -> each >= limit && each > 0 ? p * each : 0).toArray();
    }
  }

  @Test
  void codesAreThoseOfTheExpertThatTheRouterChooses() {
    SwitchSae sae = random();
    Naive naive = new Naive(sae);
    int tokens = 1100;
    FloatMatrix x = RandomSae.activations(device, tokens, D_IN, 5);
    float[] inputs = device.toHost(x);
    float[] found = dense(sae, x);
    int[] tokensOf = new int[CONFIG.experts()];
    for (int t = 0; t < tokens; t++) {
      float[] row = Arrays.copyOfRange(inputs, t * D_IN, (t + 1) * D_IN);
      tokensOf[naive.expert(row)]++;
      double[] expected = naive.encode(row);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], found[t * CONFIG.dSae() + i], 1e-5);
      }
    }
    assertTrue(Arrays.stream(tokensOf).allMatch(n -> n > 5), Arrays.toString(tokensOf));
  }

  @Test
  void aTokensCodesDoNotDependOnTheOtherTokens() {
    int tokens = 1031;
    SwitchSae sae = random();
    FloatMatrix x = RandomSae.activations(device, tokens, D_IN, 2);
    SparseCodes whole = sae.newCodes(tokens);
    SparseCodes parts = sae.newCodes(tokens);
    sae.encode(whole, x);
    for (int from = 0; from < tokens; from += 7) {
      int to = Math.min(tokens, from + 7);
      sae.encode(parts.rowRange(from, to), x.rowRange(from, to));
    }
    assertArrayEquals(device.toHost(whole.indices()), device.toHost(parts.indices()));
    assertArrayEquals(device.toHost(whole.values()), device.toHost(parts.values()));
    assertArrayEquals(device.toHost(whole.counts()), device.toHost(parts.counts()));
  }

  @Test
  void ofEqualProbabilitiesTheFirstExpertIsChosen() {
    SwitchSae sae = random();
    device.kernels().fill(sae.wRouter(), 0);
    sae.weightsChanged();
    float[] found = dense(sae, RandomSae.activations(device, 9, D_IN, 5));
    for (int i = 0; i < found.length; i++) {
      assertTrue(i % CONFIG.dSae() < WIDTH || found[i] == 0);
    }
  }

  /** Before training, too, tokens go to several experts. */
  @Test
  void theRouterBeginsWithRandomDirectionsAroundTheCentre() {
    SwitchSae sae = SwitchSae.allocate(device, CONFIG);
    float[] centre = new float[D_IN];
    Arrays.fill(centre, 3);
    SaeInit.initialize(sae, 7, centre);
    assertArrayEquals(centre, device.toHost(sae.bRouter()));
    FloatMatrix x = RandomSae.activations(device, 200, D_IN, 5);
    device.kernels().addRow(x, x, sae.bRouter(), 1);
    float[] found = dense(sae, x);
    boolean[] used = new boolean[CONFIG.experts()];
    for (int i = 0; i < found.length; i++) {
      used[i % CONFIG.dSae() / WIDTH] |= found[i] != 0;
    }
    assertArrayEquals(new boolean[] {true, true, true, true, true}, used);
  }

  @Test
  void aFoldedScaleGivesTheSameCodesOfActivationsThatAreNotScaled() {
    SwitchSae sae = random();
    FloatMatrix x = RandomSae.activations(device, 40, D_IN, 2);
    FloatMatrix scaled = device.floats(40, D_IN);
    device.kernels().scale(scaled, x, 3.7f);
    Sae folded = sae.foldInputScale(3.7);
    assertArrayEquals(dense(sae, scaled), dense(folded, x), 1e-5f);
    assertEquals(
        "input scale: is 0.0; it must be positive and finite",
        Refusal.of(IllegalArgumentException.class, () -> sae.foldInputScale(0)));
  }

  @Test
  void savedAndLoadedItIsTheSame() throws IOException {
    SwitchSae sae = random();
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, METADATA);
    LoadedSae loaded = SaeFormats.load(target, device);
    assertEquals(CONFIG, loaded.sae().config());
    assertEquals(METADATA, loaded.metadata());
    for (int i = 0; i < sae.parameters().size(); i++) {
      assertArrayEquals(
          device.toHost(sae.parameters().get(i).value()),
          device.toHost(loaded.sae().parameters().get(i).value()));
    }
    FloatMatrix x = RandomSae.activations(device, 40, D_IN, 2);
    assertArrayEquals(dense(sae, x), dense(loaded.sae(), x));
  }

  @Test
  void aFileWhoseSizesDoNotFitIsRefusedInOneLine() throws IOException {
    Path target = folder.resolve("sae");
    SaeFiles.save(random(), target, METADATA);
    Path config = target.resolve("cfg.json");
    String text = Files.readString(config);
    Files.writeString(config, text.replace("\"experts\": 5", "\"experts\": 19"));
    assertEquals(
        target.resolve("sae_weights.safetensors")
            + ": tensor \"W_router\" is [13, 5]; it must be [13, 19]",
        Refusal.of(FormatException.class, () -> SaeFiles.load(target, device)));
    Files.writeString(config, text.replace("\"experts\": 5", "\"experts\": 4"));
    assertEquals(
        config + ": experts: is 4, d_sae is 95; experts must divide d_sae",
        Refusal.of(FormatException.class, () -> SaeFiles.load(target, device)));
  }

  @Test
  void formatsThatCannotHoldItSaySo() {
    SwitchSae sae = random();
    for (SaeFormat format : Set.of(SaeFormat.SPARSIFY, SaeFormat.DICTIONARY_LEARNING)) {
      Path target = folder.resolve(format.label());
      String message =
          Refusal.of(
              IllegalArgumentException.class, () -> SaeFormats.save(sae, target, format, METADATA));
      assertTrue(
          message.startsWith("format %s: the autoencoder is switch".formatted(format.label())),
          message);
      assertFalse(Files.exists(target));
    }
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    assertEquals(
        "experts: is 3, d_sae is 32; experts must divide d_sae",
        Refusal.of(IllegalArgumentException.class, () -> SwitchConfig.of(8, 32, 2, 3)));
    assertEquals(
        "k: is 5, d_sae is 32, experts is 8; k must be at most d_sae / experts",
        Refusal.of(IllegalArgumentException.class, () -> SwitchConfig.of(8, 32, 5, 8)));
    assertEquals(
        "load_balance: is -1.0; it must be at least 0 and finite",
        Refusal.of(IllegalArgumentException.class, () -> new SwitchConfig(8, 32, 4, 8, -1)));
    assertEquals(8, SwitchConfig.of(8, 32, 4).experts());
    assertEquals(4, SwitchConfig.of(8, 36, 4).experts());
    assertEquals(1, SwitchConfig.of(8, 31, 4).experts());
  }
}
