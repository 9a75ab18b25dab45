package mechinterp.model;

import java.util.List;

/** How the frequencies of rotary positions are changed for long texts. */
public sealed interface RotaryScaling {
  /** Returns the frequency of pair {@code i} that takes the place of {@code frequency}. */
  double scaled(double frequency, int i);

  /**
   * Checks that the scaling is for heads of which {@code dRotary} columns turn.
   *
   * @throws IllegalArgumentException when it is not
   */
  default void requireFits(int dRotary) {}

  /** No scaling. */
  record None() implements RotaryScaling {
    @Override
    public double scaled(double frequency, int i) {
      return frequency;
    }
  }

  /**
   * Position interpolation (Chen et al. 2023): f / factor.
   *
   * @param factor how many times longer texts become
   */
  record Linear(double factor) implements RotaryScaling {
    /** Checks the factor. */
    public Linear {
      Sizes.requirePositive("rotary factor", factor);
    }

    @Override
    public double scaled(double frequency, int i) {
      return frequency / factor;
    }
  }

  /**
   * Llama 3.1's scaling: pairs that turn slowly are divided by the factor, those that turn fast are
   * left, and between the two the change is gradual. With n = originalContext f / (2 pi) turns in
   * the original context and s = (n - low) / (high - low), clamped to 0 to 1:
   *
   * <pre>  (1 - s) f / factor + s f</pre>
   *
   * <p>Source: {@code rope_type: llama3} of Hugging Face transformers ({@code
   * modeling_rope_utils}).
   *
   * @param factor how many times longer texts become
   * @param low {@code low_freq_factor}: turns below which a pair is divided by the whole factor
   * @param high {@code high_freq_factor}: turns above which a pair is left
   * @param originalContext {@code original_max_position_embeddings}
   */
  record Llama3(double factor, double low, double high, int originalContext)
      implements RotaryScaling {
    /** Checks the numbers. */
    public Llama3 {
      Sizes.requirePositive("rotary factor", factor);
      Sizes.requirePositive("rotary low_freq_factor", low);
      Sizes.requirePositive("rotary original_max_position_embeddings", originalContext);
      if (!(high > low)) {
        throw new IllegalArgumentException(
            "config: rotary high_freq_factor is %s, low_freq_factor is %s; the high one must be greater"
                .formatted(high, low));
      }
    }

    @Override
    public double scaled(double frequency, int i) {
      double turns = originalContext * frequency / (2 * Math.PI);
      double kept = Math.clamp((turns - low) / (high - low), 0.0, 1.0);
      return (1 - kept) * frequency / factor + kept * frequency;
    }
  }

  /**
   * A divisor for each pair, as in the tensor {@code rope_freqs.weight} of GGUF files: f(i) /
   * divisors[i].
   *
   * @param divisors one for each pair of columns
   */
  record Divisors(List<Float> divisors) implements RotaryScaling {
    /** Checks that all are positive. */
    public Divisors {
      divisors = List.copyOf(divisors);
      divisors.forEach(divisor -> Sizes.requirePositive("rotary divisor", divisor));
    }

    @Override
    public double scaled(double frequency, int i) {
      return frequency / divisors.get(i);
    }

    @Override
    public void requireFits(int dRotary) {
      if (divisors.size() != dRotary / 2) {
        throw new IllegalArgumentException(
            "config: %d rotary divisors, d_rotary is %d; there must be one for each pair"
                .formatted(divisors.size(), dRotary));
      }
    }
  }
}
