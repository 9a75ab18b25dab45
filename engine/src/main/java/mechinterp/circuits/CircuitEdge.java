package mechinterp.circuits;

/**
 * That a part reads what another one has added to the residual stream.
 *
 * @param sender what adds: the embedding, a head or a feed-forward layer
 * @param receiver what reads
 */
public record CircuitEdge(CircuitNode sender, EdgeReceiver receiver) {
  /**
   * Returns the name that files use, such as {@code blocks.0.attn.head.1->blocks.1.attn.head.2.k}.
   */
  public String name() {
    return sender.name() + "->" + receiver.name();
  }
}
