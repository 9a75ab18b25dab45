package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DictionaryAgreementTest {
  private static final int ROWS = 128;
  private static final int WIDTH = 64;

  private final Device device = CpuDevice.best(1);

  @AfterEach
  void close() {
    device.close();
  }

  private FloatMatrix random(String name, int dimensions) {
    float[] values = new float[ROWS * WIDTH];
    for (int row = 0; row < ROWS; row++) {
      float[] direction = new float[dimensions];
      RandomStream.of(1, name + row).fillGaussian(direction, 0, 1);
      System.arraycopy(direction, 0, values, row * WIDTH, dimensions);
    }
    return device.matrix(ROWS, WIDTH, values);
  }

  @Test
  void theSameDictionaryInAnotherOrderAgreesInAll() {
    FloatMatrix one = random("one", WIDTH);
    float[] rows = device.toHost(one);
    float[] turned = new float[rows.length];
    for (int row = 0; row < ROWS; row++) {
      for (int d = 0; d < WIDTH; d++) {
        turned[(ROWS - 1 - row) * WIDTH + d] = 3 * rows[row * WIDTH + d];
      }
    }
    DictionaryAgreement same =
        DictionaryAgreement.of(device, one, device.matrix(ROWS, WIDTH, turned));
    assertEquals(1, same.cosine(), 1e-5);
    assertEquals(1, same.match(), 1e-9);
    assertEquals(1, same.span(), 1e-5);
    assertTrue(Double.isNaN(same.subspace()), "nothing is without a match");
  }

  /** Half of one row and half of another: no match, but in the span. */
  @Test
  void aFeatureThatTheOtherHasInPartsIsInTheSpan() {
    float[] one = new float[4 * 8];
    float[] other = new float[4 * 8];
    for (int row = 0; row < 4; row++) {
      one[row * 8 + 2 * row] = 1;
      one[row * 8 + 2 * row + 1] = 1;
      other[row * 8 + row] = 1;
    }
    DictionaryAgreement parts =
        DictionaryAgreement.of(device, device.matrix(4, 8, one), device.matrix(4, 8, other));
    assertEquals(0.5, parts.span(), 1e-6, "two of the four rows lie in it");
  }

  @Test
  void independentDictionariesAgreeByChance() {
    DictionaryAgreement chance =
        DictionaryAgreement.of(device, random("one", WIDTH), random("other", WIDTH));
    assertEquals(0, chance.match());
    assertTrue(chance.cosine() < 0.4, chance.toString());
    assertEquals(1.0 / 8, chance.subspace(), 0.08);
    assertTrue(chance.span() < 0.65, chance.toString());
  }

  /** Axes, and the same space's rows of a Hadamard matrix: cosines of 1 / sqrt 8 throughout. */
  @Test
  void unstableFeaturesOfAStableSubspaceAreSeen() {
    float[] axes = new float[8 * WIDTH];
    float[] turned = new float[8 * WIDTH];
    for (int row = 0; row < 8; row++) {
      axes[row * WIDTH + row] = 1;
      for (int d = 0; d < 8; d++) {
        turned[row * WIDTH + d] = Integer.bitCount(row & d) % 2 == 0 ? 1 : -1;
      }
    }
    DictionaryAgreement stable =
        DictionaryAgreement.of(
            device, device.matrix(8, WIDTH, axes), device.matrix(8, WIDTH, turned));
    assertEquals(0, stable.match());
    assertEquals(1, stable.subspace(), 1e-6);
    assertEquals(Math.sqrt(0.5), stable.span(), 1e-6, "four of eight directions");
  }
}
