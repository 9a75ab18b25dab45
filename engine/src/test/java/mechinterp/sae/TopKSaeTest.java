package mechinterp.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernels")
class TopKSaeTest {
  private static final int D_IN = 13;
  private static final TopKConfig CONFIG = new TopKConfig(D_IN, 37, 5);

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  @Test
  void aTokensCodesDoNotDependOnTheOtherTokens() {
    int tokens = 1027;
    TopKSae sae = RandomSae.of(device, CONFIG, 1);
    FloatMatrix x = RandomSae.activations(device, tokens, D_IN, 2);
    SparseCodes whole = sae.newCodes(tokens);
    SparseCodes parts = sae.newCodes(tokens);
    FloatMatrix wholeOut = device.floats(tokens, D_IN);
    FloatMatrix partsOut = device.floats(tokens, D_IN);
    sae.encode(whole, x);
    sae.decode(wholeOut, whole);
    for (int from = 0; from < tokens; from += 10) {
      int to = Math.min(tokens, from + 10);
      sae.encode(parts.rowRange(from, to), x.rowRange(from, to));
      sae.decode(partsOut.rowRange(from, to), parts.rowRange(from, to));
    }
    assertArrayEquals(device.toHost(whole.indices()), device.toHost(parts.indices()));
    assertArrayEquals(device.toHost(whole.values()), device.toHost(parts.values()));
    assertArrayEquals(device.toHost(wholeOut), device.toHost(partsOut));
  }

  @Test
  void aFoldedScaleGivesTheSameCodesOfActivationsThatAreNotScaled() {
    double scale = 3.7;
    TopKSae sae = RandomSae.of(device, CONFIG, 1);
    TopKSae folded = sae.foldInputScale(scale);
    FloatMatrix x = RandomSae.activations(device, 20, D_IN, 2);
    FloatMatrix scaled = device.floats(20, D_IN);
    device.kernels().scale(scaled, x, (float) scale);
    SparseCodes expected = sae.newCodes(20);
    SparseCodes actual = folded.newCodes(20);
    sae.encode(expected, scaled);
    folded.encode(actual, x);
    FloatMatrix expectedOut = device.floats(20, D_IN);
    FloatMatrix actualOut = device.floats(20, D_IN);
    sae.decode(expectedOut, expected);
    device.kernels().scale(expectedOut, expectedOut, (float) (1 / scale));
    folded.decode(actualOut, actual);
    assertArrayEquals(device.toHost(expected.indices()), device.toHost(actual.indices()));
    assertArrayEquals(device.toHost(expected.values()), device.toHost(actual.values()), 1e-5f);
    assertArrayEquals(device.toHost(expectedOut), device.toHost(actualOut), 1e-5f);
  }

  @Test
  void aScaleThatIsNoPositiveNumberIsRefused() {
    TopKSae sae = RandomSae.of(device, CONFIG, 1);
    assertThrows(IllegalArgumentException.class, () -> sae.foldInputScale(0));
    assertThrows(IllegalArgumentException.class, () -> sae.foldInputScale(Double.NaN));
  }

  @Test
  void moreActiveLatentsThanLatentsAreRefusedByTheirFields() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new TopKConfig(8, 4, 5));
    assertEquals("k: is 5, d_sae is 4; k must be at most d_sae", e.getMessage());
    IllegalArgumentException zero =
        assertThrows(IllegalArgumentException.class, () -> new TopKConfig(8, 0, 5));
    assertEquals("d_sae: is 0; it must be at least 1", zero.getMessage());
  }
}
