package mechinterp.cuda.simulator.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** All calls of a driver and its cuBLAS, one at a time; some fail because a test wants it. */
final class Calls {
  private static final Pattern RELEASES =
      Pattern.compile(".*(Free|Destroy|Unload|Release|Unregister).*");

  private final Map<Occurrence, Integer> failures = new HashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();
  private final List<String> functions = new ArrayList<>();

  private record Occurrence(String function, int number) {}

  synchronized void fail(String function, int occurrence, int status) {
    failures.put(new Occurrence(function, occurrence), status);
  }

  synchronized List<String> functions() {
    return List.copyOf(functions);
  }

  /**
   * What gives something back does so even when it fails, as a free does that reports the error of
   * an earlier launch.
   */
  synchronized Object answer(CFunction function, Object[] arguments) {
    String name = function.name();
    functions.add(name);
    int number = counts.merge(name, 1, Integer::sum);
    Integer failure = failures.get(new Occurrence(name, number));
    if (failure == null) {
      return function.call(arguments);
    }
    if (RELEASES.matcher(name).matches()) {
      Object unseen = function.call(arguments);
      assert unseen != null;
    }
    return failure;
  }
}
