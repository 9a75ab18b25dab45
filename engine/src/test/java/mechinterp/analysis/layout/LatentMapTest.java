package mechinterp.analysis.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.analysis.Neighbour;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatentMapTest {
  private static final int WIDTH = 24;

  private static TopKSae sae(Device device, int width, float[] decoder) {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(width, decoder.length / width, 1));
    device.upload(sae.weights().wDec(), decoder, 0);
    sae.weightsChanged();
    return sae;
  }

  /** Latents around random centres, latent i around centre i % groups. */
  private static float[] groups(int latents, int groups, double spread) {
    float[] centres = new float[groups * WIDTH];
    RandomStream.of(1, "centres").fillGaussian(centres, 0, 1);
    float[] rows = new float[latents * WIDTH];
    RandomStream.of(1, "rows").fillGaussian(rows, 0, spread);
    for (int i = 0; i < rows.length; i++) {
      rows[i] += centres[i / WIDTH % groups * WIDTH + i % WIDTH];
    }
    return rows;
  }

  private static LatentMap map(float[] decoder, int threads) {
    try (Device device = CpuDevice.best(threads)) {
      return LatentMap.of(sae(device, WIDTH, decoder), _ -> {});
    }
  }

  @Test
  void groupsOfDecoderRowsAreGroupsOfTheMap() {
    int groups = 7;
    LatentMap map = map(groups(400, groups, 0.3), 2);
    for (int i = 0; i < map.size(); i++) {
      int nearest = -1;
      double best = Double.POSITIVE_INFINITY;
      for (int j = 0; j < map.size(); j++) {
        double distance = Math.hypot(map.x(i) - map.x(j), map.y(i) - map.y(j));
        if (j != i && distance < best) {
          best = distance;
          nearest = j;
        }
      }
      assertEquals(i % groups, nearest % groups, "latent " + i + ", nearest " + nearest);
    }
  }

  @Test
  void theMapIsTheSameForAnyNumberOfThreads() {
    float[] decoder = groups(131, 5, 0.5);
    LatentMap one = map(decoder, 1);
    LatentMap three = map(decoder, 3);
    for (int i = 0; i < one.size(); i++) {
      assertEquals(one.x(i), three.x(i));
      assertEquals(one.y(i), three.y(i));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 16, 17})
  void fewLatentsHaveAMapToo(int latents) {
    List<Integer> steps = new ArrayList<>();
    try (Device device = CpuDevice.scalar()) {
      TopKSae sae = sae(device, WIDTH, groups(latents, 2, 0.1));
      LatentMap map = LatentMap.of(sae, steps::add);
      assertEquals(latents, map.size());
      for (int i = 0; i < latents; i++) {
        assertTrue(Float.isFinite(map.x(i)) && Float.isFinite(map.y(i)));
      }
      assertEquals(LatentMap.steps(sae), steps.getLast());
    }
  }

  @Test
  void equalAndEmptyRowsPart() {
    float[] decoder = new float[20 * WIDTH];
    Arrays.fill(decoder, 10 * WIDTH, 20 * WIDTH, 1);
    LatentMap map = map(decoder, 1);
    assertTrue(Float.isFinite(map.x(0)) && map.x(0) != map.x(1));
    assertTrue(Float.isFinite(map.x(15)) && map.x(15) != map.x(16));
  }

  @Test
  void thePlaneIsThatOfTheLargestVariances() {
    // Unit rows near the axis 2, varying much along 0, less along 1, hardly along 3.
    int rows = 500;
    float[] values = new float[rows * 4];
    RandomStream random = RandomStream.of(2, "values");
    for (int i = 0; i < rows; i++) {
      values[4 * i] = (float) (0.2 * random.gaussian(3L * i));
      values[4 * i + 1] = (float) (0.1 * random.gaussian(3L * i + 1));
      values[4 * i + 2] = 1;
      values[4 * i + 3] = (float) (0.01 * random.gaussian(3L * i + 2));
    }
    try (Device device = CpuDevice.scalar()) {
      float[][] found = PrincipalPlane.coordinates(device, device.matrix(rows, 4, values));
      assertEquals(1, Math.abs(correlation(found[0], values, 0)), 0.01);
      assertEquals(1, Math.abs(correlation(found[1], values, 1)), 0.01);
    }
  }

  private static double correlation(float[] found, float[] values, int column) {
    double product = 0;
    double first = 0;
    double second = 0;
    for (int i = 0; i < found.length; i++) {
      product += found[i] * values[4 * i + column];
      first += found[i] * found[i];
      second += values[4 * i + column] * values[4 * i + column];
    }
    return product / Math.sqrt(first * second);
  }

  @Test
  void membershipsSumToTheLogarithm() {
    List<Neighbour> nearest =
        List.of(
            new Neighbour(1, 0.9f),
            new Neighbour(2, 0.7f),
            new Neighbour(3, 0.5f),
            new Neighbour(4, 0.1f));
    double[] memberships = NeighbourGraph.memberships(nearest);
    assertEquals(1, memberships[0]);
    assertEquals(2, Arrays.stream(memberships).sum(), 1e-9);
    // exp(-d/sigma): with t for a distance of 0.2, t + t^2 + t^4 = 1.
    double t = memberships[1];
    assertEquals(1, t + t * t + Math.pow(t, 4), 1e-6);
  }

  @Test
  void edgesOfBothDirectionsAreJoined() {
    NeighbourGraph graph =
        NeighbourGraph.of(
            List.of(
                List.of(new Neighbour(1, 0.9f)),
                List.of(new Neighbour(0, 0.9f)),
                List.of(new Neighbour(0, 0.2f))));
    assertEquals(2, graph.edges());
    assertEquals(List.of(0, 1), List.of(graph.from(0), graph.to(0)));
    assertEquals(List.of(0, 2), List.of(graph.from(1), graph.to(1)));
    assertEquals(1, graph.weight(0), 1e-6);
  }
}
