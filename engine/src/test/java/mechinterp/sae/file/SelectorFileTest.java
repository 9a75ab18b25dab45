package mechinterp.sae.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.Damage;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsWriter;
import mechinterp.random.RandomStream;
import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.Int8Rows;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.RandomSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.Selector;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code selector.safetensors} beside an autoencoder. */
final class SelectorFileTest {
  private static final int D_IN = 13;
  private static final int D_SAE = 45;
  private static final int RANK = 6;
  private static final SaeMetadata METADATA = SaeMetadata.of("gpt2", "blocks.8.hook_resid_post");

  private final Device device = CpuDevice.scalar();

  @TempDir private Path folder;

  private SelectedSae selected(Sae sae) {
    float[] values = new float[D_SAE * RANK];
    RandomStream.of(4, "rows").fillGaussian(values, 0, 1);
    FloatMatrix bias = RandomSae.activations(device, 1, D_SAE, 6);
    FloatMatrix projection = RandomSae.activations(device, RANK, D_IN, 2);
    Int8Rows rows = Int8Rows.nearest(RANK, values);
    return SelectedSae.of(sae, Selector.of(device, 3, projection, rows, bias));
  }

  private Sae topK() {
    return RandomSae.of(device, new TopKConfig(D_IN, D_SAE, 4), 3);
  }

  private Path saved(Sae sae) throws IOException {
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, METADATA);
    return target;
  }

  private Sae loaded(Path target) throws IOException {
    return SaeFiles.withSelector(SaeFiles.load(target, device).sae(), target);
  }

  @Test
  void savedAndLoadedItHasTheSameBits() throws IOException {
    Sae hybrid = HybridSae.withWeightsOf(topK(), HybridSaeConfig.of(D_IN, D_SAE, 4));
    SelectedSae expected = selected(hybrid);
    Path target = saved(expected);
    assertEquals(METADATA.hookName(), SaeFiles.load(target, device).metadata().hookName());
    SelectedSae found = (SelectedSae) loaded(target);
    Selector wanted = expected.selector();
    Selector read = found.selector();
    assertEquals(wanted.config(), read.config());
    assertEquals(expected.config(), found.config());
    assertArrayEquals(device.toHost(wanted.projection()), device.toHost(read.projection()));
    assertArrayEquals(device.toHost(wanted.levels()), device.toHost(read.levels()));
    assertArrayEquals(device.toHost(wanted.scales()), device.toHost(read.scales()));
    assertArrayEquals(device.toHost(wanted.bias()), device.toHost(read.bias()));
    FloatMatrix x = RandomSae.activations(device, 50, D_IN, 5);
    SparseCodes before = expected.newCodes(50);
    SparseCodes after = found.newCodes(50);
    expected.encode(before, x);
    found.encode(after, x);
    assertArrayEquals(device.toHost(before.indices()), device.toHost(after.indices()));
    assertArrayEquals(device.toHost(before.values()), device.toHost(after.values()));
  }

  @Test
  void theOtherFilesAreThoseWithoutASelector() throws IOException {
    Path plain = folder.resolve("plain");
    SaeFiles.save(topK(), plain, METADATA);
    Path with = saved(selected(topK()));
    for (String file : new String[] {"cfg.json", "sae_weights.safetensors"}) {
      assertArrayEquals(
          Files.readAllBytes(plain.resolve(file)), Files.readAllBytes(with.resolve(file)), file);
    }
    assertTrue(SaeFormats.load(with, device).sae() instanceof TopKSae);
    assertEquals(
        plain.resolve("selector.safetensors") + ": is missing; sae distill makes a selector",
        Refusal.of(FormatException.class, () -> loaded(plain)));
    assertTrue(
        Refusal.of(
                IllegalArgumentException.class,
                () ->
                    SaeFormats.save(
                        selected(topK()), folder.resolve("other"), SaeFormat.SPARSIFY, METADATA))
            .startsWith("format sparsify: the autoencoder is topk with a selector"));
  }

  private static final class Tensors {
    private float[] projection = numbers(RANK * D_IN);
    private long[] projectionShape = {RANK, D_IN};
    private byte[] rows = new byte[D_SAE * RANK];
    private long[] rowsShape = {D_SAE, RANK};
    private float[] scales = numbers(D_SAE);
    private String factor = "3";

    private static float[] numbers(int count) {
      float[] numbers = new float[count];
      Arrays.fill(numbers, 0.5f);
      return numbers;
    }

    void write(Path file) throws IOException {
      new SafetensorsWriter()
          .metadata("selector_factor", factor)
          .floats("V", projection, projectionShape)
          .tensor("U", DType.I8, sink -> sink.bytes(rows, 0, rows.length), rowsShape)
          .floats("scale", scales, scales.length)
          .floats("b", numbers(D_SAE), D_SAE)
          .write(file);
    }
  }

  @Test
  void whatIsNoSelectorIsRefusedByItsTensor() throws IOException {
    Path target = saved(topK());
    Path file = target.resolve("selector.safetensors");
    Tensors good = new Tensors();
    good.write(file);
    assertEquals(RANK, ((SelectedSae) loaded(target)).selector().config().rank());

    Tensors nan = new Tensors();
    nan.projection[7] = Float.NaN;
    assertRefused(nan, target, "tensor \"V\" has NaN at number 7; all must be finite");
    Tensors wide = new Tensors();
    wide.projection = Tensors.numbers((D_IN + 1) * D_IN);
    wide.projectionShape = new long[] {D_IN + 1, D_IN};
    assertRefused(wide, target, "tensor \"V\" is [14, 13]; it must have 1 to d_in rows");
    Tensors turned = new Tensors();
    turned.rowsShape = new long[] {RANK, D_SAE};
    assertRefused(turned, target, "tensor \"U\" is [6, 45]; it must be [45, 6]");
    Tensors few = new Tensors();
    few.scales = Tensors.numbers(D_SAE - 1);
    assertRefused(few, target, "tensor \"scale\" is [44]; it must be [45]");
    for (String factor : new String[] {"0", "-2", "3.5", "many", "99999999999"}) {
      Tensors other = new Tensors();
      other.factor = factor;
      assertRefused(
          other,
          target,
          "selector_factor is %s; it must be a whole number above 0".formatted(factor));
    }
    new SafetensorsWriter()
        .metadata("selector_factor", "3")
        .floats("V", good.projection, RANK, D_IN)
        .floats("U", new float[D_SAE * RANK], D_SAE, RANK)
        .floats("scale", good.scales, D_SAE)
        .floats("b", good.scales, D_SAE)
        .write(file);
    assertEquals(
        file + ": tensor \"U\" is F32; it must be I8",
        Refusal.of(FormatException.class, () -> loaded(target)));
  }

  private void assertRefused(Tensors tensors, Path target, String problem) throws IOException {
    Path file = target.resolve("selector.safetensors");
    tensors.write(file);
    assertEquals(file + ": " + problem, Refusal.of(FormatException.class, () -> loaded(target)));
  }

  @Test
  void aKindThatNoSelectorServesIsNamed() throws IOException {
    Path target = folder.resolve("jumprelu");
    SaeFiles.save(ThresholdSae.allocate(device, new JumpReluConfig(D_IN, D_SAE)), target, METADATA);
    new Tensors().write(target.resolve("selector.safetensors"));
    String message = Refusal.of(FormatException.class, () -> loaded(target));
    assertTrue(message.contains("selector.safetensors: architecture: is jumprelu"), message);
  }

  @Test
  void damagedFilesAreReadOrRefusedInOneLine() throws IOException {
    Path target = saved(selected(topK()));
    Path file = target.resolve("selector.safetensors");
    Sae sae = SaeFiles.load(target, device).sae();
    byte[] content = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(9);
    int refused = 0;
    for (int round = 0; round < 300; round++) {
      Files.write(file, Damage.to(content, random));
      try {
        SelectedSae read = SaeFiles.withSelector(sae, target);
        assertEquals(D_SAE, read.selector().dSae());
      } catch (IOException e) {
        String message = Refusal.oneLine(e);
        assertTrue(message.startsWith(file.toString()), message);
        refused++;
      }
    }
    assertTrue(refused > 100, refused + " refused");
  }
}
