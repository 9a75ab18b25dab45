package mechinterp.training;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a step of a sweep found: a line of its {@code metrics.jsonl}.
 *
 * @param members the metrics of each member that took the step, by name
 */
public record SweepStep(Map<String, StepMetrics> members) {
  /** Keeps a copy in the same order. */
  public SweepStep {
    members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
  }
}
