package mechinterp.analysis.neuronpedia;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import mechinterp.io.FormatException;
import tools.jackson.databind.JsonNode;

/**
 * An object of a file whose other fields do not matter. Neuronpedia's files name no version: one of
 * another version is known by the fields that it lacks or has otherwise.
 *
 * @param name what messages call it, such as {@code batch-0.jsonl.gz line 3}
 * @param node the object
 */
record FileRow(String name, JsonNode node) {
  FormatException problem(String field, String problem) {
    return new FormatException(
        name, "field %s: %s; is the file of another version?".formatted(field, problem));
  }

  private <T> T of(String field, String kind, Predicate<JsonNode> is, Function<JsonNode, T> as)
      throws FormatException {
    JsonNode value = node.path(field);
    if (value.isMissingNode()) {
      throw problem(field, "is missing");
    }
    if (!is.test(value)) {
      throw problem(field, "is no " + kind);
    }
    return as.apply(value);
  }

  private boolean has(String field) {
    return node.hasNonNull(field);
  }

  String text(String field) throws FormatException {
    return of(field, "text", JsonNode::isString, JsonNode::asString);
  }

  String text(String field, String otherwise) throws FormatException {
    return has(field) ? text(field) : otherwise;
  }

  double number(String field) throws FormatException {
    return of(field, "number", JsonNode::isNumber, JsonNode::asDouble);
  }

  double number(String field, double otherwise) throws FormatException {
    return has(field) ? number(field) : otherwise;
  }

  /** A whole number from 0 on, which some write as text. */
  int index(String field) throws FormatException {
    JsonNode value = node.path(field);
    String text = value.isString() || value.isInt() ? value.asString() : "";
    return Optional.of(text)
        .filter(digits -> digits.matches("\\d{1,9}"))
        .map(Integer::valueOf)
        .orElseThrow(() -> problem(field, "is no number from 0 on"));
  }

  int index(String field, int otherwise) throws FormatException {
    return has(field) ? index(field) : otherwise;
  }

  List<Double> numbers(String field) throws FormatException {
    return list(field, "list of numbers", JsonNode::isNumber, JsonNode::asDouble);
  }

  List<String> texts(String field) throws FormatException {
    return list(field, "list of texts", JsonNode::isString, JsonNode::asString);
  }

  private <T> List<T> list(
      String field, String kind, Predicate<JsonNode> is, Function<JsonNode, T> as)
      throws FormatException {
    JsonNode array = of(field, kind, JsonNode::isArray, value -> value);
    List<T> values = new ArrayList<>();
    for (JsonNode value : array) {
      if (!is.test(value)) {
        throw problem(field, "is no " + kind);
      }
      values.add(as.apply(value));
    }
    return values;
  }

  List<FileRow> rows(String field) throws FormatException {
    List<FileRow> rows = new ArrayList<>();
    for (JsonNode each : of(field, "list of objects", JsonNode::isArray, value -> value)) {
      rows.add(new FileRow("%s: %s[%d]".formatted(name, field, rows.size()), each));
    }
    return rows;
  }

  void requireAsMany(String first, int size, String second, int other) throws FormatException {
    if (size != other) {
      throw problem(first, "has %d, %s has %d".formatted(size, second, other));
    }
  }
}
