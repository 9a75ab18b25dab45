package mechinterp.model;

/**
 * How a block joins attention, the feed-forward layer and its norms to the residual stream x. The
 * embedding and the end of the model go with it.
 */
public enum BlockRecipe {
  /**
   * One branch after the other, each behind its norm (GPT-2, Llama, Qwen):
   *
   * <pre>
   *   mid = x + attention(ln1(x))
   *   out = mid + mlp(ln2(mid))
   * </pre>
   *
   * After the last block comes ln_final.
   */
  SEQUENTIAL,

  /**
   * Both branches from the same x (GPT-NeoX with {@code use_parallel_residual}):
   *
   * <pre>  out = x + attention(ln1(x)) + mlp(ln2(x))</pre>
   *
   * After the last block comes ln_final.
   */
  PARALLEL,

  /**
   * As {@link #SEQUENTIAL}, with a second norm at the end of each branch (Gemma 2 and 3):
   *
   * <pre>
   *   mid = x + ln1_post(attention(ln1(x)))
   *   out = mid + ln2_post(mlp(ln2(mid)))
   * </pre>
   *
   * After the last block comes ln_final.
   */
  SANDWICH,

  /**
   * The norm after each addition (BERT):
   *
   * <pre>
   *   mid = ln1(x + attention(x))
   *   out = ln2(mid + mlp(mid))
   * </pre>
   *
   * The embedding has a norm too, and there is no ln_final.
   */
  POST_NORM
}
