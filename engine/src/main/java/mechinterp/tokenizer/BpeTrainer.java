package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Trains a byte-level byte-pair encoding: beginning with the 256 bytes, the most frequent pair of
 * neighbours inside words becomes a token, until there are enough. Of pairs that are equally
 * frequent the one of the lowest ids is first, so that the same texts give the same tokens in any
 * order and with any number of threads; they are those that {@code tokenizers}' own trainer finds.
 *
 * <p>Source: Sennrich et al., "Neural machine translation of rare words with subword units", 2016;
 * Radford et al., "Language models are unsupervised multitask learners", 2019.
 *
 * @param vocabularySize how many tokens there shall be, the special ones and the bytes among them;
 *     text in which no pair is left gives fewer
 * @param rule what cuts text into words, which tokens never cross
 * @param specialTokens signs for the model, which get the first ids
 */
public record BpeTrainer(int vocabularySize, SplitRule rule, List<String> specialTokens) {
  private static final int BYTES = 256;

  /**
   * Makes a trainer.
   *
   * @throws IllegalArgumentException when special tokens and bytes alone are more tokens, or a
   *     special token is empty, there twice or a byte's character
   */
  public BpeTrainer {
    specialTokens = List.copyOf(specialTokens);
    int least = BYTES + specialTokens.size();
    if (vocabularySize < least) {
      throw new IllegalArgumentException(
          "vocabulary_size: is %d; the bytes and special tokens alone are %d"
              .formatted(vocabularySize, least));
    }
    for (String token : specialTokens) {
      if (token.isEmpty() || (token.length() == 1 && ByteAlphabet.toByte(token.charAt(0)) >= 0)) {
        throw new IllegalArgumentException(
            "special_tokens: \"%s\" is no sign of its own".formatted(token));
      }
    }
    if (new HashSet<>(specialTokens).size() < specialTokens.size()) {
      throw new IllegalArgumentException("special_tokens: " + specialTokens + " has one twice");
    }
  }

  /** Trains on texts; a word never goes on from one to the next. */
  public TrainedBpe train(Iterable<String> texts) {
    WordCounts counts = new WordCounts(rule);
    texts.forEach(counts::add);
    PairMerger merger = new PairMerger(alphabet(), counts.words(), vocabularySize);
    merger.run();
    return new TrainedBpe(rule, specialTokens, merger.tokens(), merger.merges());
  }

  private List<String> alphabet() {
    List<String> alphabet = new ArrayList<>(specialTokens);
    IntStream.range(0, BYTES)
        .map(ByteAlphabet::character)
        .sorted()
        .mapToObj(Character::toString)
        .forEach(alphabet::add);
    return alphabet;
  }
}
