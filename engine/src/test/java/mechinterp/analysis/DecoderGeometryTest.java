package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DecoderGeometryTest {
  private static final int D_IN = 7;

  private final Device device = CpuDevice.scalar();

  @AfterEach
  void close() {
    device.close();
  }

  private TopKSae sae(int dSae, float[] decoder) {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(decoder.length / dSae, dSae, 1));
    device.upload(sae.weights().wDec(), decoder, 0);
    sae.weightsChanged();
    return sae;
  }

  private static float[] random(int dSae, long seed) {
    float[] values = new float[dSae * D_IN];
    Random random = new Random(seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double cosine(float[] a, int i, float[] b, int j) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int c = 0; c < D_IN; c++) {
      dot += a[i * D_IN + c] * b[j * D_IN + c];
      aa += a[i * D_IN + c] * a[i * D_IN + c];
      bb += b[j * D_IN + c] * b[j * D_IN + c];
    }
    return dot / Math.sqrt(aa * bb);
  }

  /** More latents than a block has rows. */
  @Test
  void cosinesWithAnotherDictionaryAreThoseOfTheDefinition() {
    float[] one = random(1030, 1);
    float[] other = random(13, 2);
    float[] largest =
        new DecoderGeometry(sae(1030, one)).largestCosines(new DecoderGeometry(sae(13, other)));
    for (int i = 0; i < largest.length; i++) {
      double expected = -1;
      for (int j = 0; j < 13; j++) {
        expected = Math.max(expected, cosine(one, i, other, j));
      }
      assertEquals(expected, largest[i], 1e-5);
    }
  }

  @Test
  void theNearestLatentIsNeverTheLatentItself() {
    float[] rows = random(1030, 3);
    float[] nearest = new DecoderGeometry(sae(1030, rows)).nearestCosines();
    for (int i = 0; i < nearest.length; i++) {
      double expected = -1;
      for (int j = 0; j < nearest.length; j++) {
        expected = i == j ? expected : Math.max(expected, cosine(rows, i, rows, j));
      }
      assertEquals(expected, nearest[i], 1e-5);
    }
  }

  @Test
  void dictionariesOfOtherWidthsAreRefused() {
    DecoderGeometry narrow = new DecoderGeometry(sae(3, new float[9]));
    DecoderGeometry wide = new DecoderGeometry(sae(3, new float[12]));
    assertEquals(
        "cosines: decoder rows are 3 wide, the other autoencoder's 4; they must be equal",
        assertThrows(IllegalArgumentException.class, () -> narrow.largestCosines(wide))
            .getMessage());
  }
}
