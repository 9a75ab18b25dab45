package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class JsonDifferenceTest {
  private static Optional<JsonDifference> between(Object first, Object second) {
    return JsonDifference.between(Json.node(first), Json.node(second));
  }

  @Test
  void equalValuesHaveNone() {
    assertEquals(Optional.empty(), between(Map.of("a", List.of(1, 2)), Map.of("a", List.of(1, 2))));
    assertEquals(Optional.empty(), between(Map.of("a", 1), Map.of("a", 1L)));
  }

  @Test
  void theFieldThatDiffersIsNamedByItsPath() {
    assertEquals(
        Optional.of(new JsonDifference("a.b", "1", "\"x\"")),
        between(Map.of("a", Map.of("b", 1)), Map.of("a", Map.of("b", "x"))));
    assertEquals(
        Optional.of(new JsonDifference("b", "absent", "[2]")),
        between(Map.of("a", 1), Map.of("a", 1, "b", List.of(2))));
    assertEquals(
        Optional.of(new JsonDifference("a", "{\"b\":1}", "absent")),
        between(Map.of("a", Map.of("b", 1)), Map.of()));
    assertEquals(Optional.of(new JsonDifference("", "1", "2")), between(1, 2));
  }
}
