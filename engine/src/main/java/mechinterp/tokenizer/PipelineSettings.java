package mechinterp.tokenizer;

import java.util.List;
import java.util.OptionalInt;

/**
 * The steps of a tokenizer.
 *
 * @param kind word for the family of models, which begins the identity
 * @param vocabulary all tokens
 * @param addedTokens those cut out of text
 * @param normalizer what happens to text first
 * @param preTokenizer what cuts it into words
 * @param model what spells words
 * @param template what stands around a text
 * @param detokenizer what tokens are as text
 * @param bos the token that begins a text
 * @param eos the token that ends a text
 * @param modelIdentity hash of what the model's own toString does not say, such as merges
 */
record PipelineSettings(
    String kind,
    Vocabulary vocabulary,
    List<AddedToken> addedTokens,
    Normalizer normalizer,
    PreTokenizer preTokenizer,
    TokenModel model,
    Template template,
    Detokenizer detokenizer,
    OptionalInt bos,
    OptionalInt eos,
    String modelIdentity) {
  PipelineSettings {
    addedTokens = List.copyOf(addedTokens);
  }
}
