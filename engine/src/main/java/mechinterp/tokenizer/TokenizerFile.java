package mechinterp.tokenizer;

import java.util.List;
import java.util.OptionalInt;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/** Reads a Hugging Face {@code tokenizer.json}. */
final class TokenizerFile {
  /** What stands for a space in vocabularies in the manner of SentencePiece. */
  static final char SPACE_MARK = '\u2581';

  private final JsonField root;
  private final JsonField model;
  private final TextEnds ends;
  private final VocabularyReader tokens = new VocabularyReader();

  private TokenizerFile(JsonField root, TextEnds ends) {
    this.root = root;
    this.model = root.at("model");
    this.ends = ends;
  }

  static Tokenizer read(JsonField root, TextEnds ends) throws FormatException {
    return new PipelineTokenizer(new TokenizerFile(root, ends).settings());
  }

  private PipelineSettings settings() throws FormatException {
    JsonField type = model.at("type");
    String kind = type.isAbsent() && model.at("merges").isPresent() ? "BPE" : type.text();
    type.require(kind.equals("BPE") || kind.equals("WordPiece"), "BPE or WordPiece");
    tokens.readModel(model.at("vocab"));
    model.at("vocab").require(model.at("vocab").node().size() > 0, "at least one token");
    tokens.readAdded(root.at("added_tokens"));
    Vocabulary vocabulary = tokens.vocabulary();
    PreTokenizerReader.Words words = PreTokenizerReader.read(root.at("pre_tokenizer"));
    return kind.equals("BPE") ? bytePairs(vocabulary, words) : wordPieces(vocabulary, words);
  }

  private PipelineSettings wordPieces(Vocabulary vocabulary, PreTokenizerReader.Words words)
      throws FormatException {
    WordPieceModel pieces =
        new WordPieceModel(
            vocabulary,
            model.at("continuing_subword_prefix").text(),
            model.at("max_input_chars_per_word").count(),
            modelId(model.at("unk_token"), vocabulary));
    return settings("wordpiece", vocabulary, words.steps(), atBytes(pieces, words), "");
  }

  private PipelineSettings bytePairs(Vocabulary vocabulary, PreTokenizerReader.Words words)
      throws FormatException {
    requireNone(model.at("continuing_subword_prefix"));
    requireNone(model.at("end_of_word_suffix"));
    JsonField dropout = model.at("dropout");
    dropout.require(dropout.isAbsent() || dropout.number() == 0, "null: it is for training");
    JsonField merges = model.at("merges");
    MergeReader reader = new MergeReader(vocabulary, merges.node().size(), SPACE_MARK);
    reader.read(merges);
    BytePairSettings settings = bytePairSettings(vocabulary);
    BytePairModel pairs = new BytePairModel(vocabulary, reader.table(), settings);
    PreTokenizer steps = words.steps();
    if (mayCutAtMarks(reader, vocabulary, settings)) {
      steps = PreTokenizerReader.sequence(List.of(steps, new PreTokenizer.BeforeMarks(SPACE_MARK)));
    }
    return settings("bpe", vocabulary, steps, atBytes(pairs, words), reader.identity());
  }

  private static boolean mayCutAtMarks(
      MergeReader merges, Vocabulary vocabulary, BytePairSettings settings) {
    return !merges.crossesMarks()
        && !settings.ignoreMerges()
        && vocabulary.modelId(String.valueOf(SPACE_MARK)) != Vocabulary.NONE;
  }

  private BytePairSettings bytePairSettings(Vocabulary vocabulary) throws FormatException {
    JsonField unknown = model.at("unk_token");
    return new BytePairSettings(
        unknown.isAbsent() ? OptionalInt.empty() : OptionalInt.of(modelId(unknown, vocabulary)),
        model.at("fuse_unk").flag(false),
        model.at("byte_fallback").flag(false),
        model.at("ignore_merges").flag(false));
  }

  private static TokenModel atBytes(TokenModel model, PreTokenizerReader.Words words) {
    return words.byteLevel() ? new ByteLevelModel(model) : model;
  }

  private static void requireNone(JsonField field) throws FormatException {
    field.require(field.isAbsent() || field.text().isEmpty(), "null");
  }

  private static int modelId(JsonField field, Vocabulary vocabulary) throws FormatException {
    int id = vocabulary.modelId(field.text());
    field.require(id != Vocabulary.NONE, "a token of the vocabulary");
    return id;
  }

  private PipelineSettings settings(
      String kind,
      Vocabulary vocabulary,
      PreTokenizer steps,
      TokenModel tokenModel,
      String modelIdentity)
      throws FormatException {
    return new PipelineSettings(
        kind,
        vocabulary,
        tokens.added(),
        NormalizerReader.read(root.at("normalizer")),
        steps,
        tokenModel,
        new TemplateReader(vocabulary).read(root.at("post_processor")),
        DetokenizerReader.read(root.at("decoder")),
        ends.bos(vocabulary),
        ends.eos(vocabulary),
        modelIdentity);
  }
}
