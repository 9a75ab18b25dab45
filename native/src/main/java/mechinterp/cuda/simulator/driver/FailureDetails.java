package mechinterp.cuda.simulator.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * What was last behind each status of a library: a number tells little, and the simulator knows the
 * kernel, the thread and the line. Texts for C live until the next one.
 */
final class FailureDetails {
  private final Map<Integer, String> details = new HashMap<>();
  private MemorySegment text = MemorySegment.NULL;

  void note(int status, String detail) {
    details.put(status, detail);
  }

  /** The words, and behind them what was last behind this status. */
  MemorySegment describe(int status, String words) {
    String detail = details.get(status);
    return text(detail == null ? words : words + ": " + detail);
  }

  MemorySegment text(String words) {
    text = Arena.ofAuto().allocateFrom(words);
    return text;
  }
}
