package mechinterp.metrics;

import java.util.Arrays;

/**
 * Gives each row a column of its own so that the sum of the scores is as large as it can be: the
 * linear assignment problem, by shortest augmenting paths.
 *
 * <p>Source: D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE
 * Transactions on Aerospace and Electronic Systems 52 (2016), as SciPy's {@code
 * linear_sum_assignment}. Of several best matchings the one found is always the same.
 */
public final class OptimalMatching {
  private static final int NONE = -1;

  private final float[][] scores;
  private final int columns;
  private final double[] rowPotential;
  private final double[] columnPotential;
  private final int[] rowOfColumn;
  private final int[] columnOfRow;

  private final double[] distance;
  private final int[] previousRow;
  private final boolean[] rowDone;
  private final boolean[] columnDone;

  private OptimalMatching(float[][] scores) {
    this.scores = scores;
    this.columns = scores[0].length;
    rowPotential = new double[scores.length];
    columnPotential = new double[columns];
    rowOfColumn = filled(columns);
    columnOfRow = filled(scores.length);
    distance = new double[columns];
    previousRow = new int[columns];
    rowDone = new boolean[scores.length];
    columnDone = new boolean[columns];
  }

  /**
   * Returns the column of each row.
   *
   * @param scores finite, all rows of the same length, which is at least the number of rows
   * @throws IllegalArgumentException when there are more rows than columns
   */
  public static int[] of(float[][] scores) {
    if (scores.length == 0) {
      return new int[0];
    }
    if (scores.length > scores[0].length) {
      throw new IllegalArgumentException(
          "matching: scores are [%d, %d]; there must be at least as many columns as rows"
              .formatted(scores.length, scores[0].length));
    }
    OptimalMatching matching = new OptimalMatching(scores);
    for (int row = 0; row < scores.length; row++) {
      matching.add(row);
    }
    return matching.columnOfRow;
  }

  private static int[] filled(int length) {
    int[] values = new int[length];
    Arrays.fill(values, NONE);
    return values;
  }

  private void add(int newRow) {
    Arrays.fill(distance, Double.POSITIVE_INFINITY);
    Arrays.fill(previousRow, NONE);
    Arrays.fill(rowDone, false);
    Arrays.fill(columnDone, false);
    double reached = 0;
    int row = newRow;
    int free = NONE;
    while (free == NONE) {
      rowDone[row] = true;
      relax(row, reached);
      int nearest = nearestColumn();
      reached = distance[nearest];
      columnDone[nearest] = true;
      if (rowOfColumn[nearest] == NONE) {
        free = nearest;
      } else {
        row = rowOfColumn[nearest];
      }
    }
    updatePotentials(newRow, reached);
    augment(newRow, free);
  }

  /** Costs are the negative scores. */
  private void relax(int row, double reached) {
    float[] ofRow = scores[row];
    for (int column = 0; column < columns; column++) {
      if (!columnDone[column]) {
        double length = reached - ofRow[column] - rowPotential[row] - columnPotential[column];
        if (length < distance[column]) {
          distance[column] = length;
          previousRow[column] = row;
        }
      }
    }
  }

  /** Returns the nearest column that is not done; of equally near ones a free one. */
  private int nearestColumn() {
    int nearest = NONE;
    for (int column = 0; column < columns; column++) {
      if (!columnDone[column] && (nearest == NONE || isNearer(column, nearest))) {
        nearest = column;
      }
    }
    return nearest;
  }

  private boolean isNearer(int column, int than) {
    return distance[column] < distance[than]
        || (distance[column] == distance[than]
            && rowOfColumn[column] == NONE
            && rowOfColumn[than] != NONE);
  }

  private void updatePotentials(int newRow, double reached) {
    rowPotential[newRow] += reached;
    for (int row = 0; row < scores.length; row++) {
      if (rowDone[row] && row != newRow) {
        rowPotential[row] += reached - distance[columnOfRow[row]];
      }
    }
    for (int column = 0; column < columns; column++) {
      if (columnDone[column]) {
        columnPotential[column] -= reached - distance[column];
      }
    }
  }

  private void augment(int newRow, int free) {
    int column = free;
    int row;
    do {
      row = previousRow[column];
      rowOfColumn[column] = row;
      int before = columnOfRow[row];
      columnOfRow[row] = column;
      column = before;
    } while (row != newRow);
  }
}
