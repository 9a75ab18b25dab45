package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/** Reads the {@code post_processor} of a {@code tokenizer.json}: what stands around one text. */
final class TemplateReader {
  private final Vocabulary vocabulary;

  TemplateReader(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
  }

  Template read(JsonField processor) throws FormatException {
    if (processor.isAbsent()) {
      return Template.NONE;
    }
    JsonField type = processor.at("type");
    return switch (type.text()) {
      case "BertProcessing", "RobertaProcessing" ->
          new Template(
              List.of(id(processor.at("cls").item(0))), List.of(id(processor.at("sep").item(0))));
      case "ByteLevel" -> Template.NONE;
      case "Sequence" -> sequence(processor.at("processors"));
      case "TemplateProcessing" -> single(processor);
      default ->
          throw type.failure(
              "BertProcessing, ByteLevel, RobertaProcessing, Sequence or TemplateProcessing");
    };
  }

  private int id(JsonField field) throws FormatException {
    return vocabulary
        .id(field.text())
        .orElseThrow(() -> field.failure("a token of the vocabulary"));
  }

  private Template sequence(JsonField processors) throws FormatException {
    Template result = Template.NONE;
    for (JsonField step : processors.items()) {
      result = result.within(read(step));
    }
    return result;
  }

  private Template single(JsonField processor) throws FormatException {
    JsonField single = processor.at("single");
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    boolean textSeen = false;
    for (JsonField item : single.items()) {
      if (item.names().contains("Sequence")) {
        item.require(!textSeen, "one sequence");
        textSeen = true;
      } else {
        JsonField name = item.at("SpecialToken").at("id");
        JsonField ids = processor.at("special_tokens").at(name.text()).at("ids");
        for (JsonField id : ids.items()) {
          id.require(id.count() < vocabulary.size(), "an id of the vocabulary");
          (textSeen ? after : before).add(id.count());
        }
      }
    }
    single.require(textSeen, "a sequence");
    return new Template(before, after);
  }
}
