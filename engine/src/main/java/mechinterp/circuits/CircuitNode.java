package mechinterp.circuits;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;

/** A part of a model whose activation can be patched: some columns at a hook point. */
public sealed interface CircuitNode {
  /** Returns the name that files use, such as {@code blocks.3.attn.head.2}. */
  String name();

  /** Returns where the activation is. */
  HookPoint hook();

  /** Returns its columns there. */
  Columns columns(TransformerConfig config);

  /** Columns {@code from} to {@code to - 1} of an activation. */
  record Columns(int from, int to) {}

  /** What a head has for each token. */
  enum Part {
    /** The query, before the rotation. */
    Q,
    /** The key, before the rotation; of models with grouped heads one of the key heads. */
    K,
    /** The value; of models with grouped heads one of the value heads. */
    V,
    /** The mean of the values under the pattern. */
    Z;

    String letter() {
      return name().toLowerCase(Locale.ROOT);
    }

    int heads(TransformerConfig config) {
      boolean isGrouped = this == K || this == V;
      return isGrouped ? config.attention().keyValueHeads() : config.nHeads();
    }
  }

  /** The token's vector, with which the residual stream begins. */
  record Embedding() implements CircuitNode {
    @Override
    public String name() {
      return hook().toString();
    }

    @Override
    public HookPoint hook() {
      return HookPoint.outside("hook_embed");
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(0, config.dModel());
    }
  }

  /**
   * What an attention head adds to the residual stream, z W_O, patched at z, which amounts to the
   * same.
   */
  record Head(int layer, int head) implements CircuitNode {
    @Override
    public String name() {
      return "blocks.%d.attn.head.%d".formatted(layer, head);
    }

    @Override
    public HookPoint hook() {
      return HookPoint.inBlock(layer, "attn.hook_z");
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(head * config.dHead(), (head + 1) * config.dHead());
    }
  }

  /** What a feed-forward layer adds to the residual stream. */
  record Mlp(int layer) implements CircuitNode {
    @Override
    public String name() {
      return hook().toString();
    }

    @Override
    public HookPoint hook() {
      return HookPoint.mlpOut(layer);
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(0, config.dModel());
    }
  }

  /** The residual stream at a place, such as {@code blocks.3.hook_resid_mid}. */
  record Residual(HookPoint hook) implements CircuitNode {
    @Override
    public String name() {
      return hook.toString();
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(0, config.dModel());
    }
  }

  /** One of q, k, v and z of a head. */
  record HeadPart(int layer, int head, Part part) implements CircuitNode {
    @Override
    public String name() {
      return "blocks.%d.attn.head.%d.%s".formatted(layer, head, part.letter());
    }

    @Override
    public HookPoint hook() {
      return HookPoint.inBlock(layer, "attn.hook_" + part.letter());
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(head * config.dHead(), (head + 1) * config.dHead());
    }
  }

  /** One column inside a feed-forward layer, behind the activation function. */
  record Neuron(int layer, int index) implements CircuitNode {
    @Override
    public String name() {
      return "blocks.%d.mlp.neuron.%d".formatted(layer, index);
    }

    @Override
    public HookPoint hook() {
      return HookPoint.inBlock(layer, "mlp.hook_post");
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(index, index + 1);
    }
  }

  /** Which nodes of a model are looked at. */
  enum Kind {
    /** The embedding, every head, every feed-forward layer: what adds to the residual stream. */
    COMPONENTS,
    /** The residual stream before, within and behind each block. */
    RESIDUAL,
    /** q, k, v and z of every head. */
    HEAD_PARTS,
    /** The columns inside the feed-forward layers. */
    NEURONS;

    /** Returns the nodes of a model, in the order of computation. */
    public List<CircuitNode> of(Transformer model) {
      return switch (this) {
        case COMPONENTS -> components(model.config());
        case RESIDUAL ->
            model.hookPoints().stream()
                .filter(point -> point.site().matches("hook_resid_(pre|mid|post)"))
                .<CircuitNode>map(Residual::new)
                .toList();
        case HEAD_PARTS -> headParts(model.config());
        case NEURONS -> neurons(model.config());
      };
    }

    private static List<CircuitNode> components(TransformerConfig config) {
      List<CircuitNode> nodes = new ArrayList<>(List.of(new Embedding()));
      for (int layer = 0; layer < config.nLayers(); layer++) {
        for (int head = 0; head < config.nHeads(); head++) {
          nodes.add(new Head(layer, head));
        }
        nodes.add(new Mlp(layer));
      }
      return nodes;
    }

    private static List<CircuitNode> headParts(TransformerConfig config) {
      List<CircuitNode> nodes = new ArrayList<>();
      for (int layer = 0; layer < config.nLayers(); layer++) {
        for (Part part : Part.values()) {
          for (int head = 0; head < part.heads(config); head++) {
            nodes.add(new HeadPart(layer, head, part));
          }
        }
      }
      return nodes;
    }

    private static List<CircuitNode> neurons(TransformerConfig config) {
      List<CircuitNode> nodes = new ArrayList<>();
      for (int layer = 0; layer < config.nLayers(); layer++) {
        for (int index = 0; index < config.dMlp(); index++) {
          nodes.add(new Neuron(layer, index));
        }
      }
      return nodes;
    }
  }
}
