package mechinterp.tokenizer;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import mechinterp.io.FileProblem;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import tools.jackson.databind.node.JsonNodeFactory;

/** Reads GPT-2's own files: {@code vocab.json} and {@code merges.txt}. */
final class BytePairFiles {
  private static final String END_OF_TEXT = "<|endoftext|>";

  private BytePairFiles() {}

  /**
   * Reads a tokenizer.
   *
   * @param vocabFile tokens and their ids
   * @param mergesFile a merge a line, perhaps after a line that begins with {@code #version}
   * @param config what names special tokens and says whether a space is put in front
   * @param ends what names the tokens that begin and end a text
   */
  static Tokenizer read(Path vocabFile, Path mergesFile, JsonField config, TextEnds ends)
      throws IOException {
    VocabularyReader reader = new VocabularyReader();
    reader.readModel(JsonField.read(vocabFile));
    Vocabulary vocabulary = reader.vocabulary();
    MergeReader merges = merges(mergesFile, vocabulary);
    BytePairSettings settings = new BytePairSettings(OptionalInt.empty(), false, false, false);
    PreTokenizer words = PreTokenizerReader.sequence(SplitRule.GPT2.steps());
    boolean space = config.at("add_prefix_space").flag(false);
    return new PipelineTokenizer(
        new PipelineSettings(
            "bpe",
            vocabulary,
            specialTokens(config, vocabulary),
            Normalizer.NONE,
            space
                ? new PreTokenizer.Sequence(List.of(new PreTokenizer.LeadingSpace(), words))
                : words,
            new ByteLevelModel(new BytePairModel(vocabulary, merges.table(), settings)),
            Template.NONE,
            new Detokenizer.ByteLevel(),
            ends.bos(vocabulary),
            ends.eos(vocabulary),
            merges.identity()));
  }

  private static MergeReader merges(Path file, Vocabulary vocabulary) throws IOException {
    List<String> lines = lines(file);
    MergeReader merges = new MergeReader(vocabulary, lines.size(), TokenizerFile.SPACE_MARK);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (!line.startsWith("#version") && !line.isEmpty() && !merges.add(line)) {
        throw new FormatException(
            file.toString(),
            "line %d is %s; expected two tokens of the vocabulary that make another one"
                .formatted(i + 1, JsonNodeFactory.instance.stringNode(shown(line))));
      }
    }
    return merges;
  }

  private static List<String> lines(Path file) throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw new FormatException(file.toString(), "is not UTF-8", e);
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  private static String shown(String line) {
    return line.length() <= 40 ? line : line.substring(0, 40) + "...";
  }

  private static List<AddedToken> specialTokens(JsonField config, Vocabulary vocabulary)
      throws FormatException {
    Set<String> tokens = new TreeSet<>(Set.of(END_OF_TEXT));
    for (String name : List.of("bos_token", "eos_token", "unk_token", "pad_token")) {
      TextEnds.token(config.at(name)).map(JsonField::node).ifPresent(n -> tokens.add(n.asString()));
    }
    return tokens.stream()
        .filter(token -> vocabulary.id(token).isPresent())
        .map(token ->
            new AddedToken(
                vocabulary.id(token).getAsInt(), token, false, false, false, false, true))
        .toList();
  }
}
