package mechinterp.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.hipparchus.special.Erf;
import org.junit.jupiter.api.Test;

class NormalTailTest {
  private static final int DRAWS = 100_000;

  private final NormalTail tail = new NormalTail();

  private static double exact(double t) {
    return Erf.erfc(t / Math.sqrt(2)) / 2;
  }

  /** Wide of the table, near its ends, and close to Q on either side. */
  @Test
  void theTableChangesNoAnswer() {
    Random random = new Random(5);
    for (int i = 0; i < DRAWS; i++) {
      double t = 9.5 * (2 * random.nextDouble() - 1);
      double x = i % 2 == 0 ? random.nextDouble() : exact(t) * (1 + 1e-2 * random.nextGaussian());
      assertEquals(x < exact(t), tail.isBelow(x, t), x + " " + t);
    }
  }

  @Test
  void theEndsOfTheTableAreThoseOfQ() {
    for (double t : new double[] {-8, 8, -8.5, 8.5, 0}) {
      assertEquals(exact(t) > 1e-17, tail.isBelow(1e-17, t));
      assertEquals(false, tail.isBelow(1, t));
    }
  }
}
