package mechinterp.training;

import java.io.IOException;
import java.util.Collections;
import java.util.Optional;
import java.util.OptionalInt;
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
import mechinterp.tokenizer.Encoding;
import mechinterp.tokenizer.SpecialTokens;
import mechinterp.tokenizer.TokenDecoder;
import mechinterp.tokenizer.Tokenizer;

/** Small GPT-2s. */
final class TinyGpt2 {
  static final int VOCABULARY = 61;
  static final int CONTEXT = 16;

  private TinyGpt2() {}

  static TransformerConfig config(int layers, int dModel) {
    return new TransformerConfig(
        "tiny-gpt2",
        dModel,
        BlockRecipe.SEQUENTIAL,
        new NormConfig(Norm.LAYER, 1e-5f),
        EmbeddingConfig.learnedPositions(VOCABULARY, CONTEXT),
        AttentionConfig.plain(4, dModel / 4, true),
        Collections.nCopies(layers, LayerAttention.plain()),
        new MlpConfig(4 * dModel, ActivationFunction.GELU_TANH, false, true),
        Optional.of(UnembedConfig.plain(true)));
  }

  static Transformer model(int layers, int dModel, Device device) throws IOException {
    TransformerConfig config = config(layers, dModel);
    return TransformerBuilder.build(
        config,
        "tiny-gpt2 v1",
        new InitialWeights(config, 1),
        new Ids(),
        device,
        new LoadOptions(true));
  }

  /** Knows ids, but no text. */
  private static final class Ids implements Tokenizer {
    @Override
    public Encoding encode(String text) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Encoding encode(String text, int maxTokens) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Encoding encodePlain(String text) {
      throw new UnsupportedOperationException();
    }

    @Override
    public TokenDecoder decoder(SpecialTokens special) {
      throw new UnsupportedOperationException();
    }

    @Override
    public String token(int id) {
      return "t" + id;
    }

    @Override
    public OptionalInt id(String token) {
      return OptionalInt.empty();
    }

    @Override
    public OptionalInt bos() {
      return OptionalInt.empty();
    }

    @Override
    public OptionalInt eos() {
      return OptionalInt.empty();
    }

    @Override
    public boolean isSpecial(int id) {
      return false;
    }

    @Override
    public int vocabularySize() {
      return VOCABULARY;
    }

    @Override
    public String identity() {
      return "ids";
    }
  }
}
