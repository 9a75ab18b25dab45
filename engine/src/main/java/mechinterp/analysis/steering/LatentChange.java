package mechinterp.analysis.steering;

/** What becomes of a latent's activation f. */
public sealed interface LatentChange {
  /** Returns which latent. */
  int latent();

  /** Returns the new activation; f is 0 where the latent is not active. */
  float of(float f);

  /** f becomes 0. */
  record Ablate(int latent) implements LatentChange {
    @Override
    public float of(float f) {
      return 0;
    }
  }

  /** f becomes {@code value}, also where the latent was not active. */
  record Clamp(int latent, double value) implements LatentChange {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException when it is not finite
     */
    public Clamp {
      requireFinite("clamp", value);
    }

    @Override
    public float of(float f) {
      return (float) value;
    }
  }

  /** f becomes {@code factor} f; where the latent was not active it stays so. */
  record Scale(int latent, double factor) implements LatentChange {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException when it is not finite
     */
    public Scale {
      requireFinite("scale", factor);
    }

    @Override
    public float of(float f) {
      return (float) (factor * f);
    }
  }

  /** f becomes f + {@code amount}: the latent's decoder row as a steering vector. */
  record Add(int latent, double amount) implements LatentChange {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException when it is not finite
     */
    public Add {
      requireFinite("add", amount);
    }

    @Override
    public float of(float f) {
      return (float) (f + amount);
    }
  }

  private static void requireFinite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("%s: is %s; it must be finite".formatted(name, value));
    }
  }
}
