package mechinterp.circuits;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * A node at all positions, or at one.
 *
 * @param node which
 * @param position from 0 on; empty for all
 */
public record PatchSite(CircuitNode node, OptionalInt position) {
  /** Returns nodes at all their positions. */
  public static List<PatchSite> everywhere(List<CircuitNode> nodes) {
    return nodes.stream().map(node -> new PatchSite(node, OptionalInt.empty())).toList();
  }

  /**
   * Returns nodes at each position by itself.
   *
   * @throws IllegalArgumentException when the examples differ in length, so that a position means
   *     another place in each
   */
  public static List<PatchSite> byPosition(List<CircuitNode> nodes, CircuitTask task) {
    task.requireOneLength();
    int tokens = task.examples().getFirst().tokens();
    return nodes.stream()
        .flatMap(node ->
            IntStream.range(0, tokens).mapToObj(t -> new PatchSite(node, OptionalInt.of(t))))
        .toList();
  }

  /** Returns the first position of a prompt of so many tokens. */
  int from() {
    return position.orElse(0);
  }

  /** Returns the end of the positions of a prompt of so many tokens. */
  int to(int tokens) {
    return position.isPresent() ? position.getAsInt() + 1 : tokens;
  }

  /**
   * effects[example] = the sum over this site's positions and over columns.
   *
   * @param values [tokens, cols] of the batch
   */
  void sum(
      double[] effects, ExampleBatch batch, float[] values, int cols, CircuitNode.Columns columns) {
    for (int s = 0; s < batch.sequences(); s++) {
      int start = batch.tokens().start(s);
      int tokens = batch.tokens().end(s) - start;
      double sum = 0;
      for (int t = start + from(); t < start + to(tokens); t++) {
        for (int c = columns.from(); c < columns.to(); c++) {
          sum += values[t * cols + c];
        }
      }
      effects[batch.members().get(s)] = sum;
    }
  }

  /** Returns the node's name, with {@code @} and the position where there is one. */
  public String name() {
    return position.isPresent() ? node.name() + "@" + position.getAsInt() : node.name();
  }
}
