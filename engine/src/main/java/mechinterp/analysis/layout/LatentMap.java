package mechinterp.analysis.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import mechinterp.analysis.DecoderGeometry;
import mechinterp.analysis.Neighbour;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;

/**
 * The latents of an autoencoder in the plane: those with similar decoder rows lie together. UMAP
 * (<a href="https://arxiv.org/abs/1802.03426">McInnes, Healy and Melville 2018</a>) by cosines,
 * with exact neighbours, from the principal plane of the rows on. Only what is near means
 * something: distances between far groups, and directions, do not.
 */
public final class LatentMap {
  private static final int NEIGHBOURS = 15;
  private static final int ROUNDS = 200;
  private static final int AT_ONCE = 2048;
  private static final double START_RADIUS = 10;
  private static final double START_NOISE = 1e-3;

  private final float[] x;
  private final float[] y;

  private LatentMap(float[] x, float[] y) {
    this.x = x;
    this.y = y;
  }

  /** How much there is to do: {@link #of} tells its listener numbers up to this one. */
  public static int steps(Sae sae) {
    return Math.ceilDiv(sae.dSae(), AT_ONCE) + ROUNDS;
  }

  /**
   * Makes the map.
   *
   * @param progress hears how many steps are done
   */
  public static LatentMap of(Sae sae, IntConsumer progress) {
    float[][] start = PrincipalPlane.coordinates(sae.device(), sae.weights().wDec());
    LatentMap map = new LatentMap(scaled(start[0], 0), scaled(start[1], 1));
    List<List<Neighbour>> nearest = nearest(sae, progress);
    int before = Math.ceilDiv(sae.dSae(), AT_ONCE);
    new GraphLayout(NeighbourGraph.of(nearest), map.x, map.y)
        .run(ROUNDS, done -> progress.accept(before + done));
    return map;
  }

  private static List<List<Neighbour>> nearest(Sae sae, IntConsumer progress) {
    DecoderGeometry geometry = new DecoderGeometry(sae);
    int count = Math.min(NEIGHBOURS, sae.dSae() - 1);
    List<List<Neighbour>> nearest = new ArrayList<>();
    for (int from = 0; from < sae.dSae(); from += AT_ONCE) {
      int to = Math.min(sae.dSae(), from + AT_ONCE);
      nearest.addAll(geometry.neighbours(IntStream.range(from, to).boxed().toList(), count));
      progress.accept(from / AT_ONCE + 1);
    }
    return nearest;
  }

  /** Rows that are equal would never part without a little noise. */
  private static float[] scaled(float[] values, int axis) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    RandomStream noise = RandomStream.of(0, "analysis/map " + axis);
    float[] scaled = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      double place = largest > 0 ? START_RADIUS * values[i] / largest : 0;
      scaled[i] = (float) (place + START_NOISE * noise.gaussian(i));
    }
    return scaled;
  }

  /** Returns the number of latents. */
  public int size() {
    return x.length;
  }

  /** Returns how far to the right a latent lies. */
  public float x(int latent) {
    return x[latent];
  }

  /** Returns how far up a latent lies. */
  public float y(int latent) {
    return y[latent];
  }
}
