package mechinterp.model;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.nn.RowNorm;

/**
 * A part of a transformer that turns the residual stream into the next one: the embedding, the
 * blocks, the final norm. A family of models is a recipe for its stages.
 */
public interface Stage {
  /**
   * Returns its hook points in the order of computation, each with its number of columns; empty
   * where that depends on the batch.
   */
  SequencedMap<HookPoint, OptionalInt> hookPoints();

  /** Returns the norm of the residual stream that this stage is, where it is no more. */
  default Optional<RowNorm> norm() {
    return Optional.empty();
  }

  /** Takes the matrices of a run. Asked for no more than that, it computes nothing. */
  StageRun begin(RunMemory memory);
}
