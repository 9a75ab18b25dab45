package mechinterp.circuits;

import mechinterp.circuits.CircuitNode.Columns;
import mechinterp.circuits.CircuitNode.Part;
import mechinterp.model.HookPoint;
import mechinterp.model.TransformerConfig;

/** What reads the residual stream, before its norm: the end of an edge. */
public sealed interface EdgeReceiver {
  /** Returns the name that files use, such as {@code blocks.3.attn.head.2.q}. */
  String name();

  /** Returns the hook point of what it reads. */
  HookPoint hook(TransformerConfig config);

  /** Returns its columns there. */
  Columns columns(TransformerConfig config);

  /**
   * The query, the key or the value of a head.
   *
   * @param head of models with grouped heads, for k and v, one of the key heads
   * @param part {@link Part#Q}, {@link Part#K} or {@link Part#V}
   */
  record HeadInput(int layer, int head, Part part) implements EdgeReceiver {
    /**
     * Checks the part.
     *
     * @throws IllegalArgumentException when it is z, which reads no residual stream
     */
    public HeadInput {
      if (part == Part.Z) {
        throw new IllegalArgumentException("receiver: z reads q, k and v; it must be one of these");
      }
    }

    @Override
    public String name() {
      return "blocks.%d.attn.head.%d.%s".formatted(layer, head, part.letter());
    }

    @Override
    public HookPoint hook(TransformerConfig config) {
      return HookPoint.inBlock(layer, "hook_%s_input".formatted(part.letter()));
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(head * config.dModel(), (head + 1) * config.dModel());
    }
  }

  /** A feed-forward layer. */
  record MlpInput(int layer) implements EdgeReceiver {
    @Override
    public String name() {
      return HookPoint.mlpIn(layer).toString();
    }

    @Override
    public HookPoint hook(TransformerConfig config) {
      return HookPoint.mlpIn(layer);
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(0, config.dModel());
    }
  }

  /** The final norm and the unembedding. */
  record Logits() implements EdgeReceiver {
    @Override
    public String name() {
      return "logits";
    }

    @Override
    public HookPoint hook(TransformerConfig config) {
      return HookPoint.residPost(config.nLayers() - 1);
    }

    @Override
    public Columns columns(TransformerConfig config) {
      return new Columns(0, config.dModel());
    }
  }
}
