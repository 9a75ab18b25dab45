package mechinterp.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.eclipse.collections.impl.map.mutable.primitive.IntIntHashMap;

/**
 * SentencePiece's BPE as llama.cpp reads it: any two neighbours merge that are a token together,
 * the one of the highest score first. What is no token in the end becomes its UTF-8 bytes, tokens
 * {@code <0xE2>}.
 *
 * <p>Source: Kudo and Richardson, "SentencePiece", 2018; {@code llm_tokenizer_spm} of llama.cpp.
 */
final class ScoredPairModel implements TokenModel {
  /** Longer tokens are never put together. */
  static final int LONGEST_TOKEN = 256;

  private final Vocabulary vocabulary;
  private final MergeTable merges = new MergeTable(16);
  private final IntIntHashMap characters = new IntIntHashMap();
  private final int[] byteTokens = new int[256];
  private boolean crossesMarks;

  /**
   * Makes a model.
   *
   * @param vocabulary its tokens
   * @param scores of each token
   * @param unknown token for bytes that are none
   */
  ScoredPairModel(Vocabulary vocabulary, float[] scores, OptionalInt unknown) {
    this.vocabulary = vocabulary;
    Arrays.setAll(
        byteTokens,
        b -> vocabulary.id("<0x%02X>".formatted(b)).orElse(unknown.orElse(Vocabulary.NONE)));
    for (int id = 0; id < vocabulary.size(); id++) {
      addCharacter(vocabulary.token(id), id);
    }
    int rank = -1;
    float score = Float.NaN;
    for (int id : byScore(scores)) {
      if (scores[id] != score) {
        score = scores[id];
        rank++;
      }
      addMerges(id, rank);
    }
  }

  private static List<Integer> byScore(float[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble(id -> -scores[id]))
        .toList();
  }

  private void addCharacter(String token, int id) {
    if (!token.isEmpty() && token.length() == Character.charCount(token.codePointAt(0))) {
      characters.put(token.codePointAt(0), id);
    }
  }

  /** Every way to put a token together. */
  private void addMerges(int id, int rank) {
    String token = vocabulary.token(id);
    if (token.length() > LONGEST_TOKEN) {
      return;
    }
    int at = 0;
    while (at < token.length()) {
      at += Character.charCount(token.codePointAt(at));
      if (at < token.length()) {
        addMerge(token.substring(0, at), token.substring(at), rank, id);
      }
    }
  }

  private void addMerge(String left, String right, int rank, int id) {
    int leftId = part(left);
    int rightId = part(right);
    if (leftId != Vocabulary.NONE && rightId != Vocabulary.NONE) {
      merges.put(leftId, rightId, rank, id);
      crossesMarks |=
          right.charAt(0) == TokenizerFile.SPACE_MARK
              && left.charAt(left.length() - 1) != TokenizerFile.SPACE_MARK;
    }
  }

  /** A token, or a character that is none but may be part of one: those have ids of their own. */
  private int part(String text) {
    OptionalInt id = vocabulary.id(text);
    boolean character = text.length() == Character.charCount(text.codePointAt(0));
    if (id.isPresent() || !character) {
      return id.orElse(Vocabulary.NONE);
    }
    int own = vocabulary.size() + characters.size();
    return characters.getIfAbsentPut(text.codePointAt(0), own);
  }

  /** Returns whether a token may go on from another character to a mark. */
  boolean crossesMarks() {
    return crossesMarks;
  }

  @Override
  public void spell(String word, TokenListener tokens) {
    Symbols symbols = new Symbols(word.length());
    int at = 0;
    while (at < word.length()) {
      int codePoint = word.codePointAt(at);
      int end = at + Character.charCount(codePoint);
      symbols.add(characters.getIfAbsent(codePoint, Integer.MAX_VALUE), at, end);
      at = end;
    }
    symbols.merge(merges);
    symbols.forEach((id, from, to) -> give(word, id, from, to, tokens));
  }

  private void give(String word, int id, int from, int to, TokenListener tokens) {
    if (id < vocabulary.size()) {
      tokens.token(id, from, to);
      return;
    }
    for (byte b : word.substring(from, to).getBytes(StandardCharsets.UTF_8)) {
      int token = byteTokens[Byte.toUnsignedInt(b)];
      if (token != Vocabulary.NONE) {
        tokens.token(token, from, to);
      }
    }
  }

  @Override
  public String toString() {
    return "ScoredPairs";
  }
}
