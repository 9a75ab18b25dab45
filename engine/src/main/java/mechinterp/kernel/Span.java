package mechinterp.kernel;

import java.util.ArrayList;
import java.util.List;
import mechinterp.tensor.IntMatrix;

/**
 * A sequence of a batch by its rows: those of its queries and those of its keys. The queries are
 * the last positions of the keys.
 */
public record Span(int firstQuery, int endQuery, int firstKey, int endKey) {
  /**
   * Reads the spans of a batch from host memory.
   *
   * @param kernel who asks, for the message
   * @throws IllegalArgumentException when a sequence lies outside the rows or has more queries than
   *     keys
   */
  static List<Span> read(String kernel, IntMatrix spans, int queryRows, int keyRows) {
    int[] numbers = new int[4 * spans.rows()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = HostMemory.intAt(spans, i / 4, i % 4);
    }
    return of(kernel, numbers, queryRows, keyRows);
  }

  /**
   * Returns the spans of a batch.
   *
   * @param kernel who asks, for the message
   * @param numbers four for each sequence
   * @throws IllegalArgumentException when a sequence lies outside the rows or has more queries than
   *     keys
   */
  public static List<Span> of(String kernel, int[] numbers, int queryRows, int keyRows) {
    List<Span> sequences = new ArrayList<>(numbers.length / 4);
    for (int s = 0; s < numbers.length / 4; s++) {
      Span span =
          new Span(numbers[4 * s], numbers[4 * s + 1], numbers[4 * s + 2], numbers[4 * s + 3]);
      if (!span.fits(queryRows, keyRows)) {
        throw new IllegalArgumentException(
            "%s: sequence %d has query rows %d to %d of %d and key rows %d to %d of %d; ranges must lie within the rows and there must be at least as many keys as queries"
                .formatted(
                    kernel,
                    s,
                    span.firstQuery,
                    span.endQuery,
                    queryRows,
                    span.firstKey,
                    span.endKey,
                    keyRows));
      }
      sequences.add(span);
    }
    return sequences;
  }

  private boolean fits(int queryRows, int keyRows) {
    return firstQuery >= 0
        && firstQuery <= endQuery
        && endQuery <= queryRows
        && firstKey >= 0
        && firstKey <= endKey
        && endKey <= keyRows
        && endQuery - firstQuery <= endKey - firstKey;
  }

  /** Returns the number of queries. */
  public int queries() {
    return endQuery - firstQuery;
  }

  /** Returns the number of keys. */
  public int keys() {
    return endKey - firstKey;
  }

  /** Returns the position of a query among the keys. */
  private int position(int query) {
    return keys() - queries() + query;
  }

  /** Returns the first key that a query sees. */
  int firstVisible(int query, AttentionForm form) {
    return (int) Math.max(0, position(query) - (long) form.window() + 1);
  }

  /** Returns the key behind the last one that a query sees. */
  int endVisible(int query, AttentionForm form) {
    int ahead = form.causal() ? 1 : form.window();
    return (int) Math.min(keys(), position(query) + (long) ahead);
  }
}
