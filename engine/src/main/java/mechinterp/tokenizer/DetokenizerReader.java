package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/** Reads the {@code decoder} of a {@code tokenizer.json}. */
final class DetokenizerReader {
  private final List<Replacement> replacements = new ArrayList<>();
  private boolean byteFallback;
  private boolean fused;
  private int leadingSpaces;

  private DetokenizerReader() {}

  static Detokenizer read(JsonField field) throws FormatException {
    if (field.isAbsent()) {
      return new Detokenizer.Spaced();
    }
    return switch (field.at("type").text()) {
      case "ByteLevel" -> new Detokenizer.ByteLevel();
      case "Metaspace" -> metaspace(field);
      case "WordPiece" ->
          new Detokenizer.WordPiece(field.at("prefix").text(), field.at("cleanup").flag());
      default -> {
        DetokenizerReader reader = new DetokenizerReader();
        reader.add(field);
        yield new Detokenizer.Marked(
            reader.replacements, reader.byteFallback, reader.leadingSpaces);
      }
    };
  }

  private static Detokenizer metaspace(JsonField field) throws FormatException {
    JsonField scheme = field.at("prepend_scheme");
    boolean never =
        !field.at("add_prefix_space").flag(true)
            || (scheme.isPresent() && scheme.text().equals("never"));
    return new Detokenizer.Metaspace(PreTokenizerReader.mark(field.at("replacement")), !never);
  }

  private void add(JsonField field) throws FormatException {
    JsonField type = field.at("type");
    switch (type.text()) {
      case "ByteFallback" -> byteFallback = true;
      case "Fuse" -> fused = true;
      case "Replace" -> {
        type.require(!byteFallback && !fused, "Replace to be the first");
        replacements.add(NormalizerReader.replacement(field));
      }
      case "Sequence" -> {
        for (JsonField step : field.at("decoders").items()) {
          add(step);
        }
      }
      case "Strip" -> {
        type.require(fused, "Fuse before Strip");
        field.at("content").requireText(" ");
        field.at("stop").require(field.at("stop").count() == 0, "0");
        leadingSpaces = field.at("start").count();
      }
      default ->
          throw type.failure(
              "ByteLevel, WordPiece, Metaspace, or a Sequence of Replace, ByteFallback, Fuse and Strip");
    }
  }
}
