package mechinterp.training;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a sweep gives.
 *
 * @param trained the autoencoders by the names of their members
 * @param failed why the other members could not go on
 */
public record SweepResult(Map<String, TrainedSae> trained, Map<String, String> failed) {
  /** Keeps copies in the same order. */
  public SweepResult {
    trained = Collections.unmodifiableMap(new LinkedHashMap<>(trained));
    failed = Collections.unmodifiableMap(new LinkedHashMap<>(failed));
  }
}
