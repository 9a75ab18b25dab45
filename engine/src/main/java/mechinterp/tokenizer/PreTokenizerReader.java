package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.tokenizer.PreTokenizer.AtCharacters;
import mechinterp.tokenizer.PreTokenizer.AtPattern;
import mechinterp.tokenizer.PreTokenizer.Metaspace;

/** Reads the {@code pre_tokenizer} of a {@code tokenizer.json}. */
final class PreTokenizerReader {
  private final List<PreTokenizer> steps = new ArrayList<>();
  private boolean byteLevel;

  private PreTokenizerReader() {}

  /**
   * What cuts text into words.
   *
   * @param steps the cuts
   * @param byteLevel whether words then become bytes
   */
  record Words(PreTokenizer steps, boolean byteLevel) {}

  static Words read(JsonField field) throws FormatException {
    PreTokenizerReader reader = new PreTokenizerReader();
    if (field.isPresent()) {
      reader.add(field);
    }
    return new Words(sequence(reader.steps), reader.byteLevel);
  }

  static PreTokenizer sequence(List<PreTokenizer> steps) {
    return steps.size() == 1 ? steps.getFirst() : new PreTokenizer.Sequence(steps);
  }

  private void add(JsonField field) throws FormatException {
    JsonField type = field.at("type");
    type.require(!byteLevel, "nothing: ByteLevel must be the last");
    switch (type.text()) {
      case "BertPreTokenizer" -> {
        steps.add(new AtCharacters(CharacterKind.WHITESPACE, SplitBehavior.REMOVED));
        steps.add(new AtCharacters(CharacterKind.PUNCTUATION, SplitBehavior.ISOLATED));
      }
      case "ByteLevel" -> addByteLevel(field);
      case "Digits" ->
          steps.add(
              new AtCharacters(
                  CharacterKind.NUMBER,
                  field.at("individual_digits").flag()
                      ? SplitBehavior.ISOLATED
                      : SplitBehavior.CONTIGUOUS));
      case "Metaspace" -> steps.add(metaspace(field));
      case "Punctuation" ->
          steps.add(
              new AtCharacters(
                  CharacterKind.PUNCTUATION,
                  field.at("behavior").isAbsent()
                      ? SplitBehavior.ISOLATED
                      : behavior(field.at("behavior"))));
      case "Sequence" -> {
        for (JsonField step : field.at("pretokenizers").items()) {
          add(step);
        }
      }
      case "Split" ->
          steps.add(
              new AtPattern(
                  NormalizerReader.pattern(field.at("pattern")),
                  behavior(field.at("behavior")),
                  field.at("invert").flag()));
      case "Whitespace" ->
          steps.add(
              new AtPattern(TextPattern.regex("\\w+|[^\\w\\s]+"), SplitBehavior.REMOVED, true));
      case "WhitespaceSplit" ->
          steps.add(new AtCharacters(CharacterKind.WHITESPACE, SplitBehavior.REMOVED));
      default ->
          throw type.failure(
              "BertPreTokenizer, ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split, Whitespace or WhitespaceSplit");
    }
  }

  private void addByteLevel(JsonField field) throws FormatException {
    if (field.at("add_prefix_space").flag()) {
      steps.add(new PreTokenizer.LeadingSpace());
    }
    if (field.at("use_regex").flag(true)) {
      steps.addAll(SplitRule.GPT2.steps());
    }
    byteLevel = true;
  }

  private static PreTokenizer metaspace(JsonField field) throws FormatException {
    JsonField scheme = field.at("prepend_scheme");
    boolean never = !field.at("add_prefix_space").flag(true);
    Metaspace.Prepend prepend =
        never
            ? Metaspace.Prepend.NEVER
            : switch (scheme.isAbsent() ? "always" : scheme.text()) {
              case "always" -> Metaspace.Prepend.ALWAYS;
              case "first" -> Metaspace.Prepend.FIRST;
              case "never" -> Metaspace.Prepend.NEVER;
              default -> throw scheme.failure("always, first or never");
            };
    return new Metaspace(mark(field.at("replacement")), prepend, field.at("split").flag(true));
  }

  /** Reads the character that stands for a space. */
  static char mark(JsonField field) throws FormatException {
    field.require(field.text().length() == 1, "one character");
    return field.text().charAt(0);
  }

  private static SplitBehavior behavior(JsonField field) throws FormatException {
    return switch (field.text()) {
      case "Removed" -> SplitBehavior.REMOVED;
      case "Isolated" -> SplitBehavior.ISOLATED;
      case "MergedWithPrevious" -> SplitBehavior.MERGED_WITH_PREVIOUS;
      case "MergedWithNext" -> SplitBehavior.MERGED_WITH_NEXT;
      case "Contiguous" -> SplitBehavior.CONTIGUOUS;
      default ->
          throw field.failure(
              "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
    };
  }
}
