package mechinterp.model;

import java.util.Optional;

/**
 * What is particular to the attention of one layer.
 *
 * @param window how many of the last keys a query sees, itself included; {@link #ALL} for all
 * @param rotary how q and k are rotated by their place; empty for not at all
 */
public record LayerAttention(int window, Optional<RotaryConfig> rotary) {
  /** The window of a layer in which a token sees all tokens before it. */
  public static final int ALL = Integer.MAX_VALUE;

  /**
   * Checks the window.
   *
   * @throws IllegalArgumentException when it is not positive
   */
  public LayerAttention {
    Sizes.requirePositive("attention window", window);
  }

  /** Returns a layer that sees everything and rotates nothing. */
  public static LayerAttention plain() {
    return new LayerAttention(ALL, Optional.empty());
  }

  /** Returns a layer that sees everything. */
  public static LayerAttention rotary(RotaryConfig rotary) {
    return new LayerAttention(ALL, Optional.of(rotary));
  }

  /** Returns a layer that sees the last {@code window} tokens (Beltagy et al. 2020). */
  public static LayerAttention sliding(int window, RotaryConfig rotary) {
    return new LayerAttention(window, Optional.of(rotary));
  }
}
