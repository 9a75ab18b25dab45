package mechinterp.circuits.graph;

import java.util.ArrayList;
import java.util.List;

/**
 * The order of all sources of a graph: active latents by layer, token and number, then errors by
 * layer and token, then tokens.
 */
final class Sources {
  private final LocalReplacementModel local;
  private final int[][] first;
  private final int latents;

  Sources(LocalReplacementModel local) {
    this.local = local;
    this.first = new int[local.transcoders().layers()][local.tokens()];
    int next = 0;
    for (int layer = 0; layer < first.length; layer++) {
      for (int position = 0; position < local.tokens(); position++) {
        first[layer][position] = next;
        next += local.state(layer).active().count(position);
      }
    }
    this.latents = next;
  }

  int latents() {
    return latents;
  }

  int error(int layer, int position) {
    return latents + layer * local.tokens() + position;
  }

  int token(int position) {
    return error(first.length, position);
  }

  int size() {
    return token(0) + local.tokens();
  }

  /**
   * row += the effects of a layer's latents.
   *
   * @param slots what arrives at each [tokens, capacity], for an activation of 1
   */
  void addLatents(float[] row, int layer, float[] slots, int capacity) {
    ActiveLatents active = local.state(layer).active();
    for (int position = 0; position < local.tokens(); position++) {
      for (int slot = 0; slot < active.count(position); slot++) {
        row[first[layer][position] + slot] +=
            active.activation(position, slot) * slots[position * capacity + slot];
      }
    }
  }

  /** Returns the nodes of all sources in their order. */
  List<GraphNode> nodes() {
    List<GraphNode> nodes = new ArrayList<>();
    for (int layer = 0; layer < first.length; layer++) {
      ActiveLatents active = local.state(layer).active();
      for (int position = 0; position < local.tokens(); position++) {
        for (int slot = 0; slot < active.count(position); slot++) {
          nodes.add(
              new GraphNode.Latent(
                  layer,
                  position,
                  active.latent(position, slot),
                  active.activation(position, slot)));
        }
      }
    }
    for (int layer = 0; layer < first.length; layer++) {
      for (int position = 0; position < local.tokens(); position++) {
        nodes.add(new GraphNode.ReconstructionError(layer, position));
      }
    }
    int[] ids = local.ids();
    for (int position = 0; position < ids.length; position++) {
      nodes.add(new GraphNode.Token(position, ids[position]));
    }
    return nodes;
  }
}
