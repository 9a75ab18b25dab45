package mechinterp.model;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.LongStream;
import mechinterp.tokenizer.Tokenizer;

/**
 * A model whose files are open and whose numbers have not been read yet.
 *
 * @param config what the model is
 * @param weights its weights under the names of {@link WeightNames}
 * @param specialIds the tokens that begin and end texts
 * @param format what the files are: safetensors, GGUF or ONNX
 * @param encodings how many tensors there are of each type of number
 * @param fileBytes size of the weight files
 * @param hash what identifies the weights
 * @param files what to close
 */
record OpenModel(
    TransformerConfig config,
    Weights weights,
    SpecialIds specialIds,
    String format,
    SortedMap<String, Integer> encodings,
    long fileBytes,
    Hash hash,
    Closeable files)
    implements Closeable {

  /** The SHA-256 of weight files, computed when it is asked for. */
  @FunctionalInterface
  interface Hash {
    String value() throws IOException;
  }

  /** Returns how many numbers all weights have. */
  long parameters() {
    return sizes().sum();
  }

  /** Returns the size of the largest weight as floats, in bytes. */
  long largestWeight() {
    return 4 * sizes().max().orElse(0);
  }

  private LongStream sizes() {
    return WeightNames.shapes(config).values().stream().mapToLong(OpenModel::size);
  }

  private static long size(List<Integer> shape) {
    return shape.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
  }

  /**
   * Checks that a tokenizer can be the model's: its tokens have vectors, and it has the tokens that
   * begin and end the model's texts.
   *
   * @throws IllegalArgumentException when it cannot
   */
  void requireFits(Tokenizer tokenizer) {
    int tokens = tokenizer.vocabularySize();
    int vectors = config.dVocab();
    if (tokens > vectors) {
      throw new IllegalArgumentException(
          "model %s: the tokenizer has %d tokens, the model %d vectors; it is another model's"
              .formatted(config.name(), tokens, vectors));
    }
    for (int id : specialIds.all()) {
      if (tokens > 0 && id >= tokens && id < vectors) {
        throw new IllegalArgumentException(
            "model %s: the tokenizer has %d tokens, the model's texts begin or end with token %d; it is another model's"
                .formatted(config.name(), tokens, id));
      }
    }
  }

  @Override
  public void close() throws IOException {
    files.close();
  }
}
