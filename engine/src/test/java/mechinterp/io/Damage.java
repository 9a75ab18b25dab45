package mechinterp.io;

import java.util.Arrays;
import java.util.SplittableRandom;

/** What hostile or broken files look like. */
public final class Damage {
  private Damage() {}

  /** Changes, cuts out or repeats bytes at random places. */
  public static byte[] to(byte[] content, SplittableRandom random) {
    byte[] damaged = content.clone();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      int from = random.nextInt(damaged.length);
      int to = Math.min(damaged.length, from + 1 + random.nextInt(12));
      byte[] head = Arrays.copyOf(damaged, from);
      byte[] middle = Arrays.copyOfRange(damaged, from, to);
      byte[] tail = Arrays.copyOfRange(damaged, to, damaged.length);
      switch (random.nextInt(4)) {
        case 0 -> damaged = OnnxBytes.join(head, tail, new byte[1]);
        case 1 -> damaged = OnnxBytes.join(head, middle, middle, tail);
        case 2 -> damaged[from] ^= (byte) (1 << random.nextInt(8));
        default -> damaged[from] = (byte) random.nextInt(256);
      }
    }
    return damaged;
  }
}
