package mechinterp.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The latents of some tokens that can still be among a token's k largest. A token's pre-activations
 * arrive by rising latent; those above the token's threshold are kept, and when its room is full
 * the threshold rises to where at least the k largest are left. A later latent equal to the k-th
 * loses to the earlier ones, so equal ones go by the lowest index.
 */
final class Candidates {
  private static final int LANES = Tiles.LANES;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, Tiles.SPECIES.vectorShape());
  private static final IntVector RISING = IntVector.zero(INTS).addIndex(1);

  /**
   * Room for the pre-activations of one tile's row, and for the whole vector that the last of them
   * is stored with.
   */
  private static final int ARRIVING = Tiles.ROW_PANELS * Tiles.PANEL + LANES;

  /** Candidates beyond the k largest that are worth keeping before the next selection. */
  private static final int LEAST_SPARE = 128;

  private int k;
  private int room;
  private float[] values = new float[0];
  private int[] latents = new int[0];
  private int[] counts = new int[0];
  private float[] thresholds = new float[0];

  /** Begins anew with no candidates, for {@code tokens} tokens. */
  void begin(int tokens, int k) {
    this.k = k;
    room = k + Math.max(k, LEAST_SPARE) + ARRIVING;
    if (values.length < tokens * room) {
      values = new float[tokens * room];
      latents = new int[tokens * room];
    }
    if (counts.length < tokens) {
      counts = new int[tokens];
      thresholds = new float[tokens];
    }
    Arrays.fill(counts, 0, tokens, 0);
    Arrays.fill(thresholds, 0, tokens, 0);
  }

  /**
   * Takes the products x W of a token for latents {@code first} to {@code first + width - 1} and
   * adds their biases.
   */
  void offer(int token, float[] products, int at, float[] bias, int biasAt, int first, int width) {
    int base = token * room;
    float threshold = thresholds[token];
    int count = counts[token];
    int j = 0;
    for (; j <= width - LANES; j += LANES) {
      FloatVector z =
          FloatVector.fromArray(Tiles.SPECIES, products, at + j)
              .add(FloatVector.fromArray(Tiles.SPECIES, bias, biasAt + first + j));
      VectorMask<Float> above = z.compare(VectorOperators.GT, threshold);
      if (above.anyTrue()) {
        z.compress(above).intoArray(values, base + count);
        RISING.add(first + j).compress(above.cast(INTS)).intoArray(latents, base + count);
        count += above.trueCount();
      }
    }
    for (; j < width; j++) {
      float z = products[at + j] + bias[biasAt + first + j];
      if (z > threshold) {
        values[base + count] = z;
        latents[base + count] = first + j;
        count++;
      }
    }
    counts[token] = count;
    if (count > room - ARRIVING) {
      select(token, k + k / 4);
    }
  }

  /**
   * Drops a token's smaller candidates until at least k and at most {@code most} are left; the
   * order by latent stays. The threshold is found by bisection: positive floats are ordered like
   * their bits, and counting is what vectors do best.
   */
  private void select(int token, int most) {
    int base = token * room;
    int count = counts[token];
    int tooLow = Float.floatToRawIntBits(thresholds[token]);
    int tooHigh = Float.floatToRawIntBits(RowLoops.max(values, base, count, 0));
    while (tooHigh - tooLow > 1) {
      int middle = (tooLow + tooHigh) >>> 1;
      float threshold = Float.intBitsToFloat(middle);
      int above = RowLoops.countAbove(values, base, count, threshold);
      if (above >= k && above <= most) {
        keepAbove(token, threshold);
        return;
      }
      if (above > most) {
        tooLow = middle;
      } else {
        tooHigh = middle;
      }
    }
    keepWithEquals(token, Float.intBitsToFloat(tooHigh));
  }

  private void keepAbove(int token, float threshold) {
    int base = token * room;
    int kept = base;
    int end = base + counts[token];
    for (int i = base; i < end; i += LANES) {
      FloatVector z = FloatVector.fromArray(Tiles.SPECIES, values, i);
      VectorMask<Float> above =
          z.compare(VectorOperators.GT, threshold).and(Tiles.SPECIES.indexInRange(i, end));
      IntVector names = IntVector.fromArray(INTS, latents, i);
      z.compress(above).intoArray(values, kept);
      names.compress(above.cast(INTS)).intoArray(latents, kept);
      kept += above.trueCount();
    }
    counts[token] = kept - base;
    thresholds[token] = threshold;
  }

  /**
   * Keeps what is above {@code kth}, the k-th largest value, and as many of those equal to it as
   * make k.
   */
  private void keepWithEquals(int token, float kth) {
    int base = token * room;
    int end = base + counts[token];
    int equals = k - RowLoops.countAbove(values, base, counts[token], kth);
    int kept = base;
    for (int i = base; i < end; i++) {
      float value = values[i];
      if (value > kth || (value == kth && equals-- > 0)) {
        values[kept] = value;
        latents[kept] = latents[i];
        kept++;
      }
    }
    counts[token] = kept - base;
    thresholds[token] = kth;
  }

  /** Writes a token's k largest by rising latent. */
  void finish(int token, CodeRow to) {
    if (counts[token] > k) {
      select(token, k);
    }
    to.addAll(latents, values, token * room, counts[token]);
  }
}
