package mechinterp.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.eclipse.collections.impl.map.mutable.primitive.IntIntHashMap;

/**
 * Byte-pair encoding: characters, of which pairs merge in the order in which training found them.
 *
 * <p>Source: Sennrich et al., "Neural machine translation of rare words with subword units", 2016;
 * the order of merges is that of Hugging Face {@code tokenizers}.
 */
final class BytePairModel implements TokenModel {
  private final Vocabulary vocabulary;
  private final MergeTable merges;
  private final BytePairSettings settings;
  private final IntIntHashMap characters;
  private final int[] byteTokens;

  BytePairModel(Vocabulary vocabulary, MergeTable merges, BytePairSettings settings) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.settings = settings;
    this.characters = characters(vocabulary);
    this.byteTokens = byteTokens(vocabulary);
  }

  private static IntIntHashMap characters(Vocabulary vocabulary) {
    IntIntHashMap characters = new IntIntHashMap();
    vocabulary.modelIds().stream()
        .filter(id -> isCharacter(vocabulary.token(id)))
        .forEach(id -> characters.put(vocabulary.token(id).codePointAt(0), id));
    return characters;
  }

  private static boolean isCharacter(String token) {
    return !token.isEmpty() && Character.charCount(token.codePointAt(0)) == token.length();
  }

  private static int[] byteTokens(Vocabulary vocabulary) {
    int[] tokens = new int[256];
    Arrays.setAll(tokens, b -> vocabulary.modelId("<0x%02X>".formatted(b)));
    return tokens;
  }

  @Override
  public void spell(String word, TokenListener tokens) {
    int whole = settings.ignoreMerges() ? vocabulary.modelId(word) : Vocabulary.NONE;
    if (whole != Vocabulary.NONE) {
      tokens.token(whole, 0, word.length());
      return;
    }
    Symbols symbols = symbols(word);
    symbols.merge(merges);
    symbols.forEach(tokens);
  }

  private Symbols symbols(String word) {
    Speller speller = new Speller(word.length());
    int at = 0;
    while (at < word.length()) {
      int codePoint = word.codePointAt(at);
      int end = at + Character.charCount(codePoint);
      speller.add(codePoint, at, end);
      at = end;
    }
    speller.addUnknown();
    return speller.symbols;
  }

  /** The characters of a word as tokens. What is unknown waits, because more may join it. */
  private final class Speller {
    private final Symbols symbols;
    private int unknownFrom;
    private int unknownTo;

    Speller(int capacity) {
      symbols = new Symbols(capacity);
    }

    void add(int codePoint, int from, int to) {
      int id = characters.getIfAbsent(codePoint, Vocabulary.NONE);
      if (id != Vocabulary.NONE) {
        addUnknown();
        symbols.add(id, from, to);
      } else if (!settings.byteFallback() || !addBytes(codePoint, from, to)) {
        delay(from, to);
      }
    }

    private void delay(int from, int to) {
      if (!settings.fuseUnknown()) {
        addUnknown();
      }
      unknownFrom = unknownFrom == unknownTo ? from : unknownFrom;
      unknownTo = to;
    }

    void addUnknown() {
      if (unknownFrom < unknownTo && settings.unknown().isPresent()) {
        symbols.add(settings.unknown().getAsInt(), unknownFrom, unknownTo);
      }
      unknownFrom = unknownTo;
    }

    private boolean addBytes(int codePoint, int from, int to) {
      byte[] bytes = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
      for (byte b : bytes) {
        if (byteTokens[Byte.toUnsignedInt(b)] == Vocabulary.NONE) {
          return false;
        }
      }
      for (byte b : bytes) {
        symbols.add(byteTokens[Byte.toUnsignedInt(b)], from, to);
      }
      return true;
    }
  }

  @Override
  public String toString() {
    return settings.toString();
  }
}
