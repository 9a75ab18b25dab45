package mechinterp.circuits;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import mechinterp.circuits.CircuitNode.Columns;
import mechinterp.circuits.CircuitNode.Part;
import mechinterp.kernel.Kernels;
import mechinterp.model.BlockRecipe;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.tensor.FloatMatrix;

/**
 * All edges of a model: the residual stream at any place is the sum of what the embedding, the
 * heads and the feed-forward layers before it have added (and of biases and positions, which no
 * prompt changes), so each reader has an edge from each of these.
 *
 * <p>Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits".
 */
public final class EdgeGraph {
  private final TransformerConfig config;
  private final List<CircuitNode> senders;
  private final List<EdgeReceiver> receivers = new ArrayList<>();
  private final List<CircuitEdge> edges = new ArrayList<>();

  private EdgeGraph(Transformer model) {
    config = model.config();
    senders = CircuitNode.Kind.COMPONENTS.of(model);
    for (int layer = 0; layer < config.nLayers(); layer++) {
      addHeads(layer);
      add(new EdgeReceiver.MlpInput(layer), layer, config.recipe() == BlockRecipe.SEQUENTIAL);
    }
    add(new EdgeReceiver.Logits(), config.nLayers(), false);
  }

  /**
   * Returns the edges of a model.
   *
   * @throws IllegalArgumentException when its layers do not simply add to the residual stream
   */
  public static EdgeGraph of(Transformer model) {
    BlockRecipe recipe = model.config().recipe();
    if (recipe != BlockRecipe.SEQUENTIAL && recipe != BlockRecipe.PARALLEL) {
      throw new IllegalArgumentException(
          "edges: %s has a norm behind its layers, so heads do not add to the residual stream one by one; use nodes"
              .formatted(model.config().name()));
    }
    return new EdgeGraph(model);
  }

  private void addHeads(int layer) {
    for (Part part : List.of(Part.Q, Part.K, Part.V)) {
      for (int head = 0; head < part.heads(config); head++) {
        add(new EdgeReceiver.HeadInput(layer, head, part), layer, false);
      }
    }
  }

  private void add(EdgeReceiver receiver, int layer, boolean readsHeadsOfLayer) {
    receivers.add(receiver);
    for (CircuitNode sender : senders) {
      boolean isBefore =
          switch (sender) {
            case CircuitNode.Embedding() -> true;
            case CircuitNode.Head(int of, int _) ->
                of < layer || (of == layer && readsHeadsOfLayer);
            case CircuitNode.Mlp(int of) -> of < layer;
            case CircuitNode.Residual _, CircuitNode.HeadPart _, CircuitNode.Neuron _ -> false;
          };
      if (isBefore) {
        edges.add(new CircuitEdge(sender, receiver));
      }
    }
  }

  /** Returns all edges, reader by reader in the order of computation. */
  public List<CircuitEdge> edges() {
    return List.copyOf(edges);
  }

  /** Returns what adds to the residual stream, in the order of computation. */
  public List<CircuitNode> senders() {
    return List.copyOf(senders);
  }

  /** Returns what reads it, in the order of computation. */
  public List<EdgeReceiver> receivers() {
    return List.copyOf(receivers);
  }

  /** Returns where senders are added: of heads, what each adds. */
  Set<HookPoint> senderHooks() {
    Set<HookPoint> hooks = new LinkedHashSet<>();
    senders.forEach(sender -> hooks.add(hook(sender)));
    return hooks;
  }

  Set<HookPoint> receiverHooks() {
    Set<HookPoint> hooks = new LinkedHashSet<>();
    receivers.forEach(receiver -> hooks.add(receiver.hook(config)));
    return hooks;
  }

  /** Returns where what a sender adds can be seen. */
  static HookPoint hook(CircuitNode sender) {
    return sender instanceof CircuitNode.Head head
        ? HookPoint.inBlock(head.layer(), "attn.hook_result")
        : sender.hook();
  }

  /** Returns the columns of what a sender adds. */
  Columns columns(CircuitNode sender) {
    return sender instanceof CircuitNode.Head head
        ? new Columns(head.head() * config.dModel(), (head.head() + 1) * config.dModel())
        : sender.columns(config);
  }

  /** Returns the columns of what a receiver reads. */
  Columns columns(EdgeReceiver receiver) {
    return receiver.columns(config);
  }

  HookPoint hook(EdgeReceiver receiver) {
    return receiver.hook(config);
  }

  /**
   * input += the difference of an edge's sender, in the columns of its reader.
   *
   * @param input at the reader's hook point [tokens, width]
   * @param difference at the sender's [tokens, width]
   */
  void add(Kernels kernels, CircuitEdge edge, FloatMatrix input, FloatMatrix difference) {
    Columns from = columns(edge.sender());
    Columns to = columns(edge.receiver());
    kernels.addScaled(
        input.columnRange(to.from(), to.to()), difference.columnRange(from.from(), from.to()), 1);
  }
}
