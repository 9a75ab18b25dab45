package mechinterp.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/** Reads the {@code normalizer} of a {@code tokenizer.json}. */
final class NormalizerReader {
  private NormalizerReader() {}

  static Normalizer read(JsonField field) throws FormatException {
    if (field.isAbsent()) {
      return Normalizer.NONE;
    }
    JsonField type = field.at("type");
    return switch (type.text()) {
      case "BertNormalizer" -> bert(field);
      case "Lowercase" -> new Lowercase();
      case "NFC" -> new UnicodeForm(Form.NFC);
      case "NFD" -> new UnicodeForm(Form.NFD);
      case "NFKC" -> new UnicodeForm(Form.NFKC);
      case "NFKD" -> new UnicodeForm(Form.NFKD);
      case "Prepend" -> new Prefix(field.at("prepend").text());
      case "Replace" -> replacement(field);
      case "Sequence" -> sequence(field.at("normalizers"));
      case "Strip" -> new Trim(field.at("strip_left").flag(), field.at("strip_right").flag());
      case "StripAccents" -> new StripAccents();
      default ->
          throw type.failure(
              "BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence, Strip or StripAccents");
    };
  }

  private static Normalizer bert(JsonField field) throws FormatException {
    boolean lowercase = field.at("lowercase").flag();
    return new BertNormalizer(
        field.at("clean_text").flag(),
        field.at("handle_chinese_chars").flag(),
        field.at("strip_accents").flag(lowercase),
        lowercase);
  }

  /** Reads a {@code Replace}, which decoders have too. */
  static Replacement replacement(JsonField field) throws FormatException {
    return new Replacement(pattern(field.at("pattern")), field.at("content").text());
  }

  private static Normalizer sequence(JsonField field) throws FormatException {
    List<Normalizer> steps = new ArrayList<>();
    for (JsonField step : field.items()) {
      steps.add(read(step));
    }
    return steps.size() == 1 ? steps.getFirst() : new Normalizer.Sequence(steps);
  }

  /** Reads {@code {"String": ...}} or {@code {"Regex": ...}}. */
  static TextPattern pattern(JsonField field) throws FormatException {
    JsonField literal = field.at("String");
    if (literal.isPresent()) {
      literal.require(!literal.text().isEmpty(), "text");
      return TextPattern.literal(literal.text());
    }
    JsonField regex = field.at("Regex");
    try {
      return TextPattern.regex(regex.text());
    } catch (PatternSyntaxException e) {
      throw regex.failure("a regular expression that java.util.regex reads the same way");
    }
  }
}
