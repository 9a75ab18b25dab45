package mechinterp.io;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Where two JSON values differ first.
 *
 * @param field path of the field, such as {@code train.adam.beta1}; empty for the values themselves
 * @param first what one has there, as JSON, or {@code absent}
 * @param second what the other has there
 */
public record JsonDifference(String field, String first, String second) {
  private static final String ABSENT = "absent";

  /** Returns the first difference in the order of the first value's fields, then the second's. */
  public static Optional<JsonDifference> between(JsonNode first, JsonNode second) {
    return between("", first, second);
  }

  private static Optional<JsonDifference> between(String path, JsonNode first, JsonNode second) {
    if (first.equals(second)) {
      return Optional.empty();
    }
    if (!first.isObject() || !second.isObject()) {
      return Optional.of(new JsonDifference(path, text(first), text(second)));
    }
    return names(first, second)
        .map(name -> between(join(path, name), first.path(name), second.path(name)))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Stream<String> names(JsonNode first, JsonNode second) {
    Set<String> names = new LinkedHashSet<>(first.propertyNames());
    names.addAll(second.propertyNames());
    return names.stream();
  }

  private static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private static String text(JsonNode node) {
    return node.isMissingNode() ? ABSENT : node.toString();
  }
}
