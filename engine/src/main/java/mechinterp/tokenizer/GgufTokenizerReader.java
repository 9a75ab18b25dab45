package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import mechinterp.io.FormatException;
import mechinterp.io.GgufFile;
import mechinterp.io.GgufMetadata;
import mechinterp.io.Sha256;
import org.eclipse.collections.impl.map.mutable.primitive.ObjectIntHashMap;

/** Reads the {@code tokenizer.ggml.*} values of a GGUF file. */
final class GgufTokenizerReader {
  private static final String KEY = "tokenizer.ggml.";
  private static final String TOKENS = KEY + "tokens";
  private static final String MERGES = KEY + "merges";
  private static final String SCORES = KEY + "scores";
  private static final String TYPES = KEY + "token_type";

  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  private final String file;
  private final GgufMetadata metadata;

  private GgufTokenizerReader(GgufFile file) {
    this.file = file.path().toString();
    this.metadata = file.metadata();
  }

  static Tokenizer read(GgufFile file) throws FormatException {
    return new PipelineTokenizer(new GgufTokenizerReader(file).settings());
  }

  private PipelineSettings settings() throws FormatException {
    String model = metadata.string(KEY + "model");
    return switch (model) {
      case "gpt2" -> bytePairs();
      case "llama" -> scoredPairs();
      default -> throw failure(KEY + "model", "is \"%s\"; expected gpt2 or llama".formatted(model));
    };
  }

  private FormatException failure(String key, String problem) {
    return new FormatException(file, key + " " + problem);
  }

  private PipelineSettings bytePairs() throws FormatException {
    String name = metadata.string(KEY + "pre", "default");
    GgufSplitRule rule =
        GgufSplitRule.of(name)
            .orElseThrow(() ->
                failure(
                    KEY + "pre", "is \"%s\"; known are %s".formatted(name, GgufSplitRule.known())));
    Vocabulary vocabulary = vocabulary();
    MergeReader merges = merges(vocabulary);
    BytePairSettings settings =
        new BytePairSettings(OptionalInt.empty(), false, false, rule.ignoreMerges());
    OptionalInt bos = specialToken("bos_token_id", vocabulary);
    OptionalInt eos = specialToken("eos_token_id", vocabulary);
    return new PipelineSettings(
        "bpe",
        vocabulary,
        addedTokens(vocabulary),
        Normalizer.NONE,
        rule.steps(),
        new ByteLevelModel(new BytePairModel(vocabulary, merges.table(), settings)),
        template(rule.addBos(), bos, eos),
        new Detokenizer.ByteLevel(),
        bos,
        eos,
        merges.identity());
  }

  private MergeReader merges(Vocabulary vocabulary) throws FormatException {
    List<String> lines = metadata.strings(MERGES);
    MergeReader merges = new MergeReader(vocabulary, lines.size(), TokenizerFile.SPACE_MARK);
    for (int i = 0; i < lines.size(); i++) {
      if (!merges.add(lines.get(i))) {
        throw failure(
            MERGES,
            "has \"%s\" at %d; expected two tokens of the vocabulary that make another one"
                .formatted(shown(lines.get(i)), i));
      }
    }
    return merges;
  }

  private PipelineSettings scoredPairs() throws FormatException {
    Vocabulary vocabulary = vocabulary();
    float[] scores = scores(vocabulary);
    OptionalInt unknown = specialToken("unknown_token_id", vocabulary);
    ScoredPairModel model = new ScoredPairModel(vocabulary, scores, unknown);
    boolean spacePrefix = metadata.bool(KEY + "add_space_prefix", true);
    OptionalInt bos = specialToken("bos_token_id", vocabulary);
    OptionalInt eos = specialToken("eos_token_id", vocabulary);
    return new PipelineSettings(
        "sentencepiece bpe",
        vocabulary,
        addedTokens(vocabulary),
        normalizer(spacePrefix),
        model.crossesMarks()
            ? new PreTokenizer.Sequence(List.of())
            : new PreTokenizer.BeforeMarks(TokenizerFile.SPACE_MARK),
        model,
        template(true, bos, eos),
        new Detokenizer.Marked(List.of(marks("\u2581", " ")), true, spacePrefix ? 1 : 0),
        bos,
        eos,
        new Sha256().add(scores).end());
  }

  private static Normalizer normalizer(boolean spacePrefix) {
    Normalizer spaces = marks(" ", "\u2581");
    return spacePrefix ? new Normalizer.Sequence(List.of(new Prefix("\u2581"), spaces)) : spaces;
  }

  private static Replacement marks(String from, String to) {
    return new Replacement(TextPattern.literal(from), to);
  }

  private Vocabulary vocabulary() throws FormatException {
    List<String> tokens = metadata.strings(TOKENS);
    if (tokens.isEmpty()) {
      throw failure(TOKENS, "is empty; there must be at least one token");
    }
    ObjectIntHashMap<String> ids = new ObjectIntHashMap<>(2 * tokens.size());
    for (int id = 0; id < tokens.size(); id++) {
      String token = tokens.get(id).isEmpty() ? "[EMPTY_" + id + "]" : tokens.get(id);
      if (ids.containsKey(token)) {
        throw failure(
            TOKENS, "has \"%s\" at %d and at %d".formatted(shown(token), ids.get(token), id));
      }
      ids.put(token, id);
    }
    BitSet model = new BitSet();
    model.set(0, tokens.size());
    return new Vocabulary(ids, model);
  }

  private static String shown(String text) {
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }

  private float[] scores(Vocabulary vocabulary) throws FormatException {
    if (!metadata.contains(SCORES)) {
      return new float[vocabulary.size()];
    }
    float[] scores = metadata.floats(SCORES);
    requireLength(SCORES, scores.length, vocabulary);
    for (int i = 0; i < scores.length; i++) {
      if (Float.isNaN(scores[i])) {
        throw failure(SCORES, "has NaN at " + i);
      }
    }
    return scores;
  }

  private void requireLength(String key, int length, Vocabulary vocabulary) throws FormatException {
    if (length != vocabulary.size()) {
      throw failure(key, "has %d values for %d tokens".formatted(length, vocabulary.size()));
    }
  }

  private List<AddedToken> addedTokens(Vocabulary vocabulary) throws FormatException {
    List<AddedToken> added = new ArrayList<>();
    if (!metadata.contains(TYPES)) {
      return added;
    }
    int[] types = metadata.integers(TYPES);
    requireLength(TYPES, types.length, vocabulary);
    for (int id = 0; id < types.length; id++) {
      if (types[id] == UNKNOWN || types[id] == CONTROL || types[id] == USER_DEFINED) {
        boolean special = types[id] != USER_DEFINED;
        added.add(new AddedToken(id, vocabulary.token(id), false, false, false, false, special));
      }
    }
    return added;
  }

  private OptionalInt specialToken(String name, Vocabulary vocabulary) throws FormatException {
    String key = KEY + name;
    if (!metadata.contains(key)) {
      return OptionalInt.empty();
    }
    int id = metadata.integer(key);
    if (id < 0 || id >= vocabulary.size()) {
      throw failure(key, "is %d; ids are 0 to %d".formatted(id, vocabulary.size() - 1));
    }
    return OptionalInt.of(id);
  }

  private Template template(boolean addBos, OptionalInt bos, OptionalInt eos)
      throws FormatException {
    return new Template(
        around("add_bos_token", addBos, "bos_token_id", bos),
        around("add_eos_token", false, "eos_token_id", eos));
  }

  private List<Integer> around(String key, boolean otherwise, String idKey, OptionalInt id)
      throws FormatException {
    if (!metadata.bool(KEY + key, otherwise)) {
      return List.of();
    }
    if (id.isEmpty()) {
      throw failure(KEY + idKey, "is missing; texts begin or end with it");
    }
    return List.of(id.getAsInt());
  }
}
