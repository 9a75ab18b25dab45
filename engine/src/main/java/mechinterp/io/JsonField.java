package mechinterp.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * A value in a JSON file of another program's making. It knows its file and its path, so that
 * errors can name them: {@code config.json: rope_scaling.factor is "8"; expected a number}.
 *
 * @param file name of the file
 * @param path names of the fields that lead to the value, with dots between; empty for the whole
 *     file
 * @param node the value
 */
public record JsonField(String file, String path, JsonNode node) {
  private static final int LONGEST_SHOWN = 40;

  /**
   * Reads a file.
   *
   * @throws FormatException when it is no JSON
   */
  public static JsonField read(Path file) throws IOException {
    return new JsonField(file.toString(), "", Json.tree(file));
  }

  /**
   * Reads a stream to its end, without closing it.
   *
   * @param name what messages call it
   * @throws FormatException when it is no JSON
   */
  public static JsonField read(String name, InputStream in) throws IOException {
    return new JsonField(name, "", Json.read(name, in, JsonNode.class));
  }

  /**
   * Returns what a file with such fields holds.
   *
   * @param name what messages call it
   */
  public static JsonField of(String name, Map<String, Object> fields) {
    return new JsonField(name, "", Json.node(fields));
  }

  /** Returns the field of this name, which may be absent. */
  public JsonField at(String name) {
    String inner = path.isEmpty() ? name : path + "." + name;
    return new JsonField(file, inner, node.path(name));
  }

  /**
   * Returns the first field of these names that is present, or the absent one of the first name.
   */
  public JsonField atFirst(String... names) {
    for (String name : names) {
      if (at(name).isPresent()) {
        return at(name);
      }
    }
    return at(names[0]);
  }

  /** Returns whether the field is missing or null. */
  public boolean isAbsent() {
    return node.isMissingNode() || node.isNull();
  }

  /** Returns whether the field is not there at all; null is there. */
  public boolean isMissing() {
    return node.isMissingNode();
  }

  /** Returns whether the field is there and not null. */
  public boolean isPresent() {
    return !isAbsent();
  }

  /**
   * Returns the values of a list.
   *
   * @throws FormatException when it is none
   */
  public List<JsonField> items() throws FormatException {
    require(node.isArray(), "a list");
    List<JsonField> items = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      items.add(item(i));
    }
    return items;
  }

  /** Returns a value of a list, which may be absent. */
  public JsonField item(int index) {
    return new JsonField(file, path + "[" + index + "]", node.path(index));
  }

  /**
   * Returns the names of an object's fields.
   *
   * @throws FormatException when it is no object
   */
  public List<String> names() throws FormatException {
    require(node.isObject(), "an object");
    return List.copyOf(node.propertyNames());
  }

  /**
   * Returns a text.
   *
   * @throws FormatException when it is none
   */
  public String text() throws FormatException {
    require(node.isString(), "a string");
    return node.stringValue();
  }

  /**
   * Returns true or false.
   *
   * @throws FormatException when it is neither
   */
  public boolean flag() throws FormatException {
    require(node.isBoolean(), "true or false");
    return node.booleanValue();
  }

  /** Returns true or false, and {@code otherwise} for an absent field. */
  public boolean flag(boolean otherwise) throws FormatException {
    return isAbsent() ? otherwise : flag();
  }

  /**
   * Returns a whole number of at least 0.
   *
   * @throws FormatException when it is none
   */
  public int count() throws FormatException {
    require(node.isInt() && node.intValue() >= 0, "a whole number from 0 on");
    return node.intValue();
  }

  /** Returns a whole number of at least 0, and {@code otherwise} for an absent field. */
  public int count(int otherwise) throws FormatException {
    return isAbsent() ? otherwise : count();
  }

  /**
   * Returns a whole number of at least 1.
   *
   * @throws FormatException when it is none
   */
  public int size() throws FormatException {
    require(node.isInt() && node.intValue() >= 1, "a whole number from 1 on");
    return node.intValue();
  }

  /** Returns a whole number of at least 1, and {@code otherwise} for an absent field. */
  public int size(int otherwise) throws FormatException {
    return isAbsent() ? otherwise : size();
  }

  /**
   * Returns a number.
   *
   * @throws FormatException when it is none
   */
  public double number() throws FormatException {
    require(node.isNumber(), "a number");
    return node.doubleValue();
  }

  /** Returns a number, and {@code otherwise} for an absent field. */
  public double number(double otherwise) throws FormatException {
    return isAbsent() ? otherwise : number();
  }

  /**
   * Checks that the value is this text.
   *
   * @throws FormatException when it is not
   */
  public void requireText(String expected) throws FormatException {
    require(node.isString() && node.stringValue().equals(expected), "\"" + expected + "\"");
  }

  /**
   * Checks that a flag is not set.
   *
   * @throws FormatException when it is neither absent nor false
   */
  public void requireOff() throws FormatException {
    require(!flag(false), "false");
  }

  /**
   * Checks what the value must be.
   *
   * @throws FormatException {@code PATH is VALUE; expected EXPECTED} when it does not hold
   */
  public void require(boolean holds, String expected) throws FormatException {
    if (!holds) {
      throw failure(expected);
    }
  }

  /** Returns the exception that says what the value is and what was expected. */
  public FormatException failure(String expected) {
    return new FormatException(
        file,
        "%s is %s; expected %s"
            .formatted(path.isEmpty() ? "the content" : path, shown(), expected));
  }

  private String shown() {
    if (node.isMissingNode()) {
      return "missing";
    }
    String text = node.toString();
    return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "...";
  }
}
