package mechinterp.circuits;

import java.util.Set;

/**
 * A model of which parts can be taken away, on the prompts of a task.
 *
 * @param <T> the parts, such as edges or latents
 */
public interface PartialModel<T> {
  /** Returns the metric of each example with parts taken away. */
  double[] metric(Set<T> removed);

  /** Returns the metric of each example with nothing taken away. */
  double[] whole();

  /** Returns the metric of each example with everything taken away. */
  double[] nothing();
}
