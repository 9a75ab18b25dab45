package mechinterp.model.bert;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.OnnxFile;
import mechinterp.io.OnnxNode;
import mechinterp.io.OnnxTensor;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import mechinterp.model.AttentionConfig;
import mechinterp.model.BlockRecipe;
import mechinterp.model.EmbeddingConfig;
import mechinterp.model.LayerAttention;
import mechinterp.model.LoadOptions;
import mechinterp.model.MlpConfig;
import mechinterp.model.NormConfig;
import mechinterp.model.OnnxWeights;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerBuilder;
import mechinterp.model.TransformerConfig;
import mechinterp.model.Weights;
import mechinterp.model.family.CanonicalWeights;
import mechinterp.tokenizer.Tokenizer;

/** Makes BERT encoders. Weights have the names of Hugging Face's {@code BertModel}. */
public final class Bert {
  private Bert() {}

  /**
   * Makes a model from weights.
   *
   * @param config its sizes
   * @param identity its name and the SHA-256 of its weights
   * @param weights [in, out] for linear layers
   * @param tokenizer what makes its tokens
   * @param device where it computes
   * @throws FormatException when a weight is missing or has another shape than the sizes say
   */
  public static Transformer of(
      TransformerConfig config,
      String identity,
      Weights weights,
      Tokenizer tokenizer,
      Device device)
      throws IOException {
    return TransformerBuilder.build(
        config, identity, weights(weights, config), tokenizer, device, LoadOptions.frozen());
  }

  /**
   * Makes a model from an ONNX file that PyTorch exported from {@code BertModel}.
   *
   * @param name the model's name
   * @param identity its name and the SHA-256 of its weights
   * @throws FormatException when the file holds something else
   */
  public static Transformer of(
      String name, String identity, OnnxFile file, Tokenizer tokenizer, Device device)
      throws IOException {
    return of(config(name, file), identity, new OnnxWeights(file), tokenizer, device);
  }

  /**
   * Returns weights that are named as in {@code BertModel}, [in, out] for linear layers, under the
   * canonical names; what else there is, such as a pooler, is left out.
   *
   * @throws FormatException when a weight is missing or has another shape than the sizes say
   */
  public static Weights weights(Weights file, TransformerConfig config) throws IOException {
    return CanonicalWeights.of(file, BertFiles.names(false).harmless(".*").build(), config);
  }

  /**
   * Reads the sizes of an encoder that PyTorch exported from {@code BertModel}.
   *
   * @param name the model's name
   * @throws FormatException when the file holds something else
   */
  public static TransformerConfig config(String name, OnnxFile file) throws IOException {
    try {
      return config(name, file, new OnnxWeights(file));
    } catch (IllegalArgumentException e) {
      throw new FormatException(file.name(), String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Returns what a BERT encoder of such sizes is: layer norms after each addition, attention in
   * both directions, GELU by erf, biases everywhere.
   *
   * @param nLayers number of blocks
   * @param dModel columns of the residual stream
   * @param nHeads attention heads of a block
   * @param dHead columns of a head
   * @param dMlp columns of the feed-forward layer
   * @param dVocab number of token ids
   * @param nCtx the most tokens in a sequence
   * @param dVocabTypes number of token types
   * @param epsilon what layer norms add to the variance
   * @throws IllegalArgumentException when a size is not possible
   */
  public static TransformerConfig config(
      String name,
      int nLayers,
      int dModel,
      int nHeads,
      int dHead,
      int dMlp,
      int dVocab,
      int nCtx,
      int dVocabTypes,
      float epsilon) {
    return new TransformerConfig(
        name,
        dModel,
        BlockRecipe.POST_NORM,
        new NormConfig(Norm.LAYER, epsilon),
        new EmbeddingConfig(dVocab, nCtx, true, dVocabTypes, 1),
        AttentionConfig.plain(nHeads, dHead, false),
        Collections.nCopies(nLayers, LayerAttention.plain()),
        new MlpConfig(dMlp, ActivationFunction.GELU, false, true),
        Optional.empty());
  }

  /** Reads the sizes from the shapes of the weights and from the constants of the graph. */
  private static TransformerConfig config(String name, OnnxFile file, Weights weights)
      throws IOException {
    int layers = 0;
    while (weights.contains("encoder.layer." + layers + ".intermediate.dense.weight")) {
      layers++;
    }
    if (layers == 0) {
      throw new FormatException(
          file.name(),
          "no weight encoder.layer.0.intermediate.dense.weight; expected a BERT encoder");
    }
    node(file, "/encoder/layer.0/intermediate/intermediate_act_fn/Erf");
    String split = "/encoder/layer.0/attention/self/Concat";
    return config(
        name,
        layers,
        size(weights, "embeddings.word_embeddings.weight", 1, file),
        integer(file, constant(file, split, 2)),
        integer(file, constant(file, split, 3)),
        size(weights, "encoder.layer.0.intermediate.dense.weight", 1, file),
        size(weights, "embeddings.word_embeddings.weight", 0, file),
        size(weights, "embeddings.position_embeddings.weight", 0, file),
        size(weights, "embeddings.token_type_embeddings.weight", 0, file),
        number(file, constant(file, "/embeddings/LayerNorm/Add", 1)));
  }

  private static int size(Weights weights, String name, int dimension, OnnxFile file)
      throws IOException {
    List<Integer> shape = weights.shape(name);
    if (shape.size() != 2) {
      throw new FormatException(
          file.name(), "%s has shape %s; expected two dimensions".formatted(name, shape));
    }
    return shape.get(dimension);
  }

  /** Returns the constant that a node reads: heads and epsilon are written in the graph only. */
  private static OnnxTensor constant(OnnxFile file, String nodeName, int input)
      throws FormatException {
    List<String> inputs = node(file, nodeName).inputs();
    if (inputs.size() <= input) {
      throw new FormatException(
          file.name(),
          "node %s has %d inputs; expected at least %d"
              .formatted(nodeName, inputs.size(), input + 1));
    }
    return file.tensor(inputs.get(input));
  }

  private static OnnxNode node(OnnxFile file, String nodeName) throws FormatException {
    return file.node(nodeName)
        .orElseThrow(() ->
            new FormatException(
                file.name(),
                "no node %s; expected a BERT encoder with GELU by erf, exported by PyTorch"
                    .formatted(nodeName)));
  }

  private static int integer(OnnxFile file, OnnxTensor tensor) throws FormatException {
    long[] values = tensor.longs();
    requireOne(file, tensor, values.length);
    return Math.clamp(values[0], -1, Integer.MAX_VALUE);
  }

  private static float number(OnnxFile file, OnnxTensor tensor) throws FormatException {
    float[] values = tensor.floats();
    requireOne(file, tensor, values.length);
    return values[0];
  }

  private static void requireOne(OnnxFile file, OnnxTensor tensor, int count)
      throws FormatException {
    if (count != 1) {
      throw new FormatException(
          file.name(), "tensor %s has %d numbers; expected one".formatted(tensor.name(), count));
    }
  }
}
