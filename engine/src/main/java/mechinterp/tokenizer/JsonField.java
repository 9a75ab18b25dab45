package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.List;
import mechinterp.io.FormatException;
import tools.jackson.databind.JsonNode;

/** A value in a JSON file that knows its file and path, so that errors can name them. */
record JsonField(String file, String path, JsonNode node) {

  JsonField at(String name) {
    String inner = path.isEmpty() ? name : path + "." + name;
    return new JsonField(file, inner, node.path(name));
  }

  boolean isAbsent() {
    return node.isMissingNode() || node.isNull();
  }

  List<JsonField> items() throws FormatException {
    require(node.isArray(), "a list");
    List<JsonField> items = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      items.add(item(i));
    }
    return items;
  }

  JsonField item(int index) {
    return new JsonField(file, path + "[" + index + "]", node.path(index));
  }

  List<String> names() throws FormatException {
    require(node.isObject(), "an object");
    return List.copyOf(node.propertyNames());
  }

  String text() throws FormatException {
    require(node.isString(), "a string");
    return node.stringValue();
  }

  boolean flag() throws FormatException {
    require(node.isBoolean(), "true or false");
    return node.booleanValue();
  }

  /** Returns a whole number of at least 0. */
  int count() throws FormatException {
    require(node.isInt() && node.intValue() >= 0, "a whole number from 0 on");
    return node.intValue();
  }

  void requireText(String expected) throws FormatException {
    require(node.isString() && node.stringValue().equals(expected), "\"" + expected + "\"");
  }

  void require(boolean holds, String expected) throws FormatException {
    if (!holds) {
      throw failure(expected);
    }
  }

  FormatException failure(String expected) {
    return new FormatException(file, "%s is %s; expected %s".formatted(path, shown(), expected));
  }

  private String shown() {
    if (node.isMissingNode()) {
      return "missing";
    }
    String text = node.toString();
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }
}
