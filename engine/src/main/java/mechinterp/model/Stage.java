package mechinterp.model;

import java.util.SequencedMap;

/**
 * A part of a transformer that turns the residual stream into the next one: the embedding, then the
 * blocks. A family of models is a recipe for its stages.
 */
public interface Stage {
  /** Returns its hook points in the order of computation, each with its number of columns. */
  SequencedMap<HookPoint, Integer> hookPoints();

  /**
   * Computes {@code buffers.residual()} from what it holds, or from the tokens.
   *
   * @param buffers the residual stream [tokens, d_model] and scratch matrices of as many rows
   * @param input the batch on the device
   * @param hooks called at each hook point
   */
  void forward(Buffers buffers, BatchInput input, Hooks hooks);
}
