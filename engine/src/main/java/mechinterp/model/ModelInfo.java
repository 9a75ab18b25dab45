package mechinterp.model;

import java.util.SortedMap;
import java.util.TreeMap;
import mechinterp.tokenizer.Tokenizer;

/**
 * What can be said of a model before its weights are read.
 *
 * @param config its sizes and recipe
 * @param format what its files are: safetensors, GGUF or ONNX
 * @param source the weight file
 * @param fileBytes size of the weight files
 * @param encodings how many tensors there are of each type of number, such as F16 or Q4_K
 * @param parameters how many numbers all weights have
 * @param tokenizer the kind of tokenizer and the SHA-256 of its vocabulary; {@code none} without
 * @param vocabularySize how many tokens the tokenizer has
 */
public record ModelInfo(
    TransformerConfig config,
    String format,
    String source,
    long fileBytes,
    SortedMap<String, Integer> encodings,
    long parameters,
    String tokenizer,
    int vocabularySize) {

  /** Copies the counts. */
  public ModelInfo {
    encodings = new TreeMap<>(encodings);
  }

  static ModelInfo of(OpenModel model, Tokenizer tokenizer) {
    return new ModelInfo(
        model.config(),
        model.format(),
        model.weights().source(),
        model.fileBytes(),
        model.encodings(),
        model.parameters(),
        tokenizer.identity(),
        tokenizer.vocabularySize());
  }
}
