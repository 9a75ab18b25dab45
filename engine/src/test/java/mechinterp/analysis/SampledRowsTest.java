package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;

final class SampledRowsTest {
  private static final int LATENTS = 3;

  private static int[] rowsOf(int latent) {
    int[] all = RandomStream.of(latent, "rows").permutation(300);
    return IntStream.of(all).limit(latent == 0 ? 5 : 100L * latent).toArray();
  }

  @Test
  void theRowsWithTheSmallestNumbersAreKeptInWhateverOrderTheyCome() {
    for (int capacity : new int[] {1, 2, 7, 16, 400}) {
      SampledRows samples = new SampledRows(LATENTS, capacity);
      for (int latent = 0; latent < LATENTS; latent++) {
        for (int row : rowsOf(latent)) {
          samples.add(latent, row, samples.number(row));
        }
      }
      for (int latent = 0; latent < LATENTS; latent++) {
        int[] expected =
            IntStream.of(rowsOf(latent))
                .boxed()
                .sorted(Comparator.comparing(samples::number))
                .limit(capacity)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
        assertArrayEquals(expected, samples.of(latent), "latent " + latent + " of " + capacity);
      }
    }
  }

  @Test
  void everyRowIsAsLikely() {
    int[] drawn = new int[10];
    for (int trial = 0; trial < 1000; trial++) {
      SampledRows samples = new SampledRows(1, 3);
      for (int i = 0; i < 10; i++) {
        int row = 10 * trial + i;
        samples.add(0, row, samples.number(row));
      }
      for (int row : samples.of(0)) {
        drawn[row % 10]++;
      }
    }
    for (int count : drawn) {
      assertEquals(300, count, 75, "five standard deviations");
    }
  }

  @Test
  void intervalsKeepAUniformSampleWhileTheyMove() {
    int capacity = 3;
    IntervalSamples samples = new IntervalSamples(2, 3, capacity);
    LatentStatistics statistics = new LatentStatistics(2);
    float[] values = new float[400];
    RandomStream random = RandomStream.of(4, "values");
    for (int row = 0; row < values.length; row++) {
      values[row] = (float) Math.exp(random.gaussian(row) + row / 100.0);
      samples.add(1, values[row], row);
      statistics.add(1, values[row]);
    }
    List<ActivationInterval> found =
        samples.of(1, statistics.histogram(1), AnalysisSamples.bareStore(values.length));

    assertEquals(3, found.size());
    RandomStream numbers = RandomStream.of(0, "analysis/interval samples");
    for (ActivationInterval interval : found) {
      List<Peak> inside =
          IntStream.range(0, values.length)
              .filter(row -> values[row] >= interval.from() && values[row] < interval.to())
              .mapToObj(row -> new Peak(row, 0, values[row]))
              .toList();
      assertEquals(inside.size(), interval.activeTokens());
      List<Peak> expected =
          inside.stream()
              .sorted(Comparator.comparing(peak -> numbers.bits(1L << 32 | peak.row())))
              .limit(capacity)
              .sorted(Comparator.comparing(Peak::activation).reversed())
              .toList();
      assertEquals(expected, interval.samples());
    }
    assertEquals(0, found.getLast().from());
    assertEquals(
        statistics.activeTokens()[1],
        found.stream().mapToLong(ActivationInterval::activeTokens).sum());
    assertEquals(List.of(), samples.of(0, statistics.histogram(0), AnalysisSamples.bareStore(1)));
  }
}
