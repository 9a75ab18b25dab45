package mechinterp.circuits;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import mechinterp.model.AttentionConfig;
import mechinterp.model.BlockRecipe;
import mechinterp.model.EmbeddingConfig;
import mechinterp.model.LayerAttention;
import mechinterp.model.LoadOptions;
import mechinterp.model.MlpConfig;
import mechinterp.model.NormConfig;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerBuilder;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.WeightsInMemory;
import mechinterp.random.RandomStream;
import mechinterp.tokenizer.TinyWordPiece;

/**
 * Transformers whose weights are set by hand. Their norms do nothing: with an epsilon far above the
 * mean square of x, and a gain of its root, an RMS norm is the identity to rounding.
 */
public final class HandMadeModel extends WeightsInMemory {
  private static final float EPSILON = 1e10f;
  private static final int VOCABULARY = 16;
  private static final int PLACES = 12;

  private final TransformerConfig config;

  private HandMadeModel(TransformerConfig config) {
    super("weights by hand", WeightNames.shapes(config));
    this.config = config;
    values.forEach((name, numbers) -> {
      if (name.contains("ln") && name.endsWith(".w")) {
        Arrays.fill(numbers, (float) Math.sqrt(EPSILON));
      }
    });
  }

  private static TransformerConfig config(int dModel, int heads, int dHead) {
    return new TransformerConfig(
        "hand",
        dModel,
        BlockRecipe.SEQUENTIAL,
        new NormConfig(Norm.RMS, EPSILON),
        EmbeddingConfig.learnedPositions(VOCABULARY, PLACES),
        AttentionConfig.plain(heads, dHead, true),
        Collections.nCopies(2, LayerAttention.plain()),
        new MlpConfig(6, ActivationFunction.RELU, false, true),
        Optional.of(UnembedConfig.plain(false)));
  }

  /**
   * Returns a model that is linear in its embeddings: attention looks at all tokens alike, and the
   * activation functions see positive numbers only.
   */
  public static Transformer linear(Device device) {
    return linear().build(device);
  }

  /** Returns the weights of that model. */
  public static HandMadeModel linearWeights() {
    return linear();
  }

  private static HandMadeModel linear() {
    HandMadeModel made = new HandMadeModel(config(8, 2, 4));
    made.values.forEach((name, numbers) -> {
      if (!name.contains("ln") && !name.matches(".*[Wb]_[QK]")) {
        RandomStream.of(5, name).fillGaussian(numbers, 0, 0.4);
      }
    });
    made.setPositiveNeurons(0);
    made.setPositiveNeurons(1);
    return made;
  }

  /** A bias that neurons have and the output takes away again. */
  private void setPositiveNeurons(int layer) {
    String at = "blocks." + layer + ".mlp.";
    float bias = 16;
    float[] out = floats(at + "W_out");
    float[] outBias = numbers(at + "b_out");
    Arrays.fill(numbers(at + "b_in"), bias);
    for (int i = 0; i < out.length; i++) {
      outBias[i % outBias.length] -= bias * out[i];
    }
  }

  // The parts of the residual stream of the other models.
  private static final int TOKEN = 0;
  private static final int PLACE = TOKEN + VOCABULARY;
  private static final int BEFORE = PLACE + PLACES;
  private static final int NEXT = BEFORE + VOCABULARY;
  private static final int UNREAD = NEXT + VOCABULARY;
  private static final int STREAM = UNREAD + VOCABULARY;
  private static final float SHARP = 6;

  /**
   * Returns a model that does induction in two heads and nothing else that logits read:
   *
   * <pre>
   *   blocks.0.attn.head.0   looks one token back and writes which token stood there
   *   blocks.1.attn.head.1   looks at where the token before was the present one, writes that token
   * </pre>
   *
   * The other heads and the feed-forward layers write what nobody reads.
   */
  public static Transformer induction(Device device) {
    HandMadeModel made = new HandMadeModel(config(STREAM, 2, VOCABULARY));
    for (int id = 0; id < VOCABULARY; id++) {
      made.set("embed.W_E", id, TOKEN + id, 1);
      made.set("unembed.W_U", NEXT + id, id, 1);
    }
    for (int place = 0; place < PLACES; place++) {
      made.set("pos_embed.W_pos", place, PLACE + place, 1);
    }
    made.setPreviousTokenHead();
    made.setInductionHead();
    made.setWhatNobodyReads();
    return made.build(device);
  }

  private void setPreviousTokenHead() {
    String at = "blocks.0.attn.";
    for (int place = 1; place < PLACES; place++) {
      set(at + "W_Q", PLACE + place, place - 1, SHARP * SHARP);
    }
    for (int place = 0; place < PLACES; place++) {
      set(at + "W_K", PLACE + place, place, 1);
    }
    for (int id = 0; id < VOCABULARY; id++) {
      set(at + "W_V", TOKEN + id, id, 1);
      set(at + "W_O", id, BEFORE + id, 1);
    }
  }

  private void setInductionHead() {
    String at = "blocks.1.attn.";
    for (int id = 0; id < VOCABULARY; id++) {
      set(at + "W_Q", TOKEN + id, VOCABULARY + id, SHARP);
      set(at + "W_K", BEFORE + id, VOCABULARY + id, SHARP);
      set(at + "W_V", TOKEN + id, VOCABULARY + id, 1);
      set(at + "W_O", VOCABULARY + id, NEXT + id, 4);
    }
  }

  private void setWhatNobodyReads() {
    for (int layer = 0; layer < 2; layer++) {
      String at = "blocks." + layer + ".";
      int spare = (1 - layer) * VOCABULARY;
      for (int id = 0; id < VOCABULARY; id++) {
        set(at + "attn.W_V", TOKEN + id, spare + id, 1);
        set(at + "attn.W_O", spare + id, UNREAD + id, 2);
        set(at + "mlp.W_in", TOKEN + id, id % 6, 1);
      }
      for (int neuron = 0; neuron < 6; neuron++) {
        set(at + "mlp.W_out", neuron, UNREAD + neuron, 3);
      }
    }
  }

  /** The dimension that neuron 0 of layer 0 writes, neuron 1 the next one, and so on. */
  public static final int RELAYED = NEXT;

  /** The dimension that neuron 0 of layer 1 writes, neuron 1 the next one, and so on. */
  public static final int PREDICTED = UNREAD;

  /** Neuron 0 of layer 0 reads the token of this id, neuron 1 the next one, and so on. */
  public static final int FIRST_RELAYED_TOKEN = 5;

  /** Returns the width of the residual stream of a relay. */
  public static int relayWidth() {
    return STREAM;
  }

  /**
   * Returns a model that predicts a token after itself, by way of two neurons:
   *
   * <pre>
   *   token 5 + n -> neuron n of layer 0 is 1, writes 2 -> neuron n of layer 1 is 2, writes 3 x 2 -> logit of 5 + n is 6
   * </pre>
   *
   * Its attention writes nothing.
   */
  public static Transformer relay(Device device) {
    HandMadeModel made = new HandMadeModel(config(STREAM, 2, VOCABULARY));
    for (int id = 0; id < VOCABULARY; id++) {
      made.set("embed.W_E", id, TOKEN + id, 1);
    }
    for (int neuron = 0; neuron < 6; neuron++) {
      int token = FIRST_RELAYED_TOKEN + neuron;
      made.set("blocks.0.mlp.W_in", TOKEN + token, neuron, 1);
      made.set("blocks.0.mlp.W_out", neuron, RELAYED + neuron, 2);
      made.set("blocks.1.mlp.W_in", RELAYED + neuron, neuron, 1);
      made.set("blocks.1.mlp.W_out", neuron, PREDICTED + neuron, 3);
      made.set("unembed.W_U", PREDICTED + neuron, token, 1);
    }
    return made.build(device);
  }

  private void set(String name, int row, int col, float value) {
    int cols = shape(name).getLast();
    numbers(name)[row * cols + col] = value;
  }

  private Transformer build(Device device) {
    try {
      return TransformerBuilder.build(
          config, "by hand", this, TinyWordPiece.tokenizer(), device, LoadOptions.frozen());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
