package mechinterp.experiments.languagemodel;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import mechinterp.experiments.text.JavaLibrary;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import mechinterp.model.AttentionConfig;
import mechinterp.model.BlockRecipe;
import mechinterp.model.EmbeddingConfig;
import mechinterp.model.LayerAttention;
import mechinterp.model.MlpConfig;
import mechinterp.model.NormConfig;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.training.LanguageModelTrainConfig;

/**
 * A language model to train: the content of {@code configs/tiny-lm.json}.
 *
 * @param name of the model
 * @param text what it reads
 * @param vocabularySize tokens of its tokenizer, the end-of-text included
 * @param model its sizes
 * @param train how it is trained
 * @param checkpoints when states are saved
 */
public record LanguageModelConfig(
    String name,
    Text text,
    int vocabularySize,
    Model model,
    LanguageModelTrainConfig train,
    Checkpoints checkpoints) {

  /**
   * The documents and their parts.
   *
   * @param europarlOtherFraction share of the passages in other languages than English, which is
   *     there whole
   * @param wordnetFraction share of the entries
   * @param javaSources artifacts of whose files
   * @param javaFraction share
   * @param validationFraction share of all documents that are measured on during training
   * @param testFraction share of all documents that are measured on at the end
   * @param seed of shares, parts and the order of documents
   */
  public record Text(
      double europarlOtherFraction,
      double wordnetFraction,
      List<JavaLibrary> javaSources,
      double javaFraction,
      double validationFraction,
      double testFraction,
      long seed) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Text {
      javaSources = List.copyOf(javaSources);
      requireWithin("europarl_other_fraction", europarlOtherFraction);
      requireWithin("wordnet_fraction", wordnetFraction);
      requireWithin("java_fraction", javaFraction);
      requireWithin("validation_fraction", validationFraction);
      requireWithin("test_fraction", testFraction);
      if (validationFraction == 0 || testFraction == 0 || validationFraction + testFraction > 0.5) {
        throw new IllegalArgumentException(
            "test_fraction: is %s, validation_fraction is %s; both must be positive and at most 0.5 together"
                .formatted(testFraction, validationFraction));
      }
    }

    private static void requireWithin(String field, double value) {
      if (!(value >= 0 && value <= 1)) {
        throw new IllegalArgumentException(
            "%s: is %s; it must lie within 0 to 1".formatted(field, value));
      }
    }
  }

  /**
   * Sizes of a GPT-2; the feed-forward layer is 4 d_model wide.
   *
   * @param nLayers blocks
   * @param dModel columns of the residual stream
   * @param nHeads heads, which divide d_model
   * @param nCtx the most tokens in a sequence
   */
  public record Model(int nLayers, int dModel, int nHeads, int nCtx) {
    private static final float EPSILON = 1e-5f;
    private static final int MLP_FACTOR = 4;

    /**
     * Checks the heads.
     *
     * @throws IllegalArgumentException when they do not divide d_model
     */
    public Model {
      if (nHeads < 1 || dModel < 1 || dModel % nHeads != 0) {
        throw new IllegalArgumentException(
            "n_heads: is %d, d_model is %d; it must divide it".formatted(nHeads, dModel));
      }
      if (nLayers < 1) {
        throw new IllegalArgumentException(
            "n_layers: is %d; it must be at least 1".formatted(nLayers));
      }
    }
  }

  /**
   * When states are saved.
   *
   * @param everySteps steps between two states
   * @param kept how many of the newest stay
   */
  public record Checkpoints(int everySteps, int kept) {}

  /** Returns the model's config: GPT-2 with tied embeddings. */
  TransformerConfig transformer() {
    int dModel = model.dModel();
    return new TransformerConfig(
        name,
        dModel,
        BlockRecipe.SEQUENTIAL,
        new NormConfig(Norm.LAYER, Model.EPSILON),
        EmbeddingConfig.learnedPositions(vocabularySize, model.nCtx()),
        AttentionConfig.plain(model.nHeads(), dModel / model.nHeads(), true),
        Collections.nCopies(model.nLayers(), LayerAttention.plain()),
        new MlpConfig(Model.MLP_FACTOR * dModel, ActivationFunction.GELU_TANH, false, true),
        Optional.of(UnembedConfig.plain(true)));
  }
}
