package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OptimalMatchingTest {

  @ParameterizedTest
  @CsvSource({"1,1", "1,5", "2,2", "3,7", "5,5", "6,8"})
  void theSumIsThatOfTheBestOfAllMatchings(int rows, int columns) {
    for (int trial = 0; trial < 20; trial++) {
      float[][] scores = random(rows, columns, trial);

      int[] matching = OptimalMatching.of(scores);

      assertEquals(rows, Arrays.stream(matching).distinct().count());
      assertEquals(best(scores, 0, new boolean[columns]), sum(scores, matching), 1e-5);
    }
  }

  private static float[][] random(int rows, int columns, int trial) {
    RandomStream numbers = RandomStream.of(trial, "scores");
    float[][] scores = new float[rows][columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        // Few different numbers, so that many are equal.
        scores[i][j] = numbers.below((long) i * columns + j, 6) - 2;
      }
    }
    return scores;
  }

  private static double best(float[][] scores, int row, boolean[] taken) {
    if (row == scores.length) {
      return 0;
    }
    double best = Double.NEGATIVE_INFINITY;
    for (int column = 0; column < taken.length; column++) {
      if (!taken[column]) {
        taken[column] = true;
        best = Math.max(best, scores[row][column] + best(scores, row + 1, taken));
        taken[column] = false;
      }
    }
    return best;
  }

  private static double sum(float[][] scores, int[] matching) {
    double sum = 0;
    for (int row = 0; row < scores.length; row++) {
      sum += scores[row][matching[row]];
    }
    return sum;
  }

  @Test
  void aRowGivesWayWhenThatIsBetterForAll() {
    float[][] scores = {{9, 8, 0}, {9, 1, 0}};

    assertArrayEquals(new int[] {1, 0}, OptimalMatching.of(scores));
  }

  @Test
  void noRowsHaveNoColumns() {
    assertArrayEquals(new int[0], OptimalMatching.of(new float[0][]));
  }

  @Test
  void moreRowsThanColumnsAreRefused() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> OptimalMatching.of(new float[3][2]));

    assertEquals(
        "matching: scores are [3, 2]; there must be at least as many columns as rows",
        e.getMessage());
  }
}
