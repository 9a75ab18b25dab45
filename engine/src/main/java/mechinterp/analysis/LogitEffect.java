package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * Which tokens a direction of the residual stream makes more and less likely by itself, without the
 * blocks that follow (the logit lens, nostalgebraist 2020, of a direction):
 *
 * <pre>  effect = ((v - mean of v, with layer norms) gain) W_U</pre>
 *
 * The final norm's division by its scale is left out, since it is the same for all tokens; so is
 * the logits' soft cap, which keeps their order. Effects have the right order and proportions, but
 * no unit; {@link #times} with {@link FinalScale#meanInverse} gives them that of logits.
 *
 * @param promoted the tokens with the largest effects, the largest first
 * @param suppressed the tokens with the smallest effects, the smallest first
 */
public record LogitEffect(List<TokenEffect> promoted, List<TokenEffect> suppressed) {
  /** Rows of logits at once: the vocabulary is wide. */
  private static final int ROWS_AT_ONCE = 64;

  /** Keeps the lists. */
  public LogitEffect {
    promoted = List.copyOf(promoted);
    suppressed = List.copyOf(suppressed);
  }

  /**
   * Returns the effects times a factor above 0, such as {@link FinalScale#meanInverse}, which gives
   * them the unit of logits.
   */
  public LogitEffect times(double factor) {
    return new LogitEffect(times(promoted, factor), times(suppressed, factor));
  }

  private static List<TokenEffect> times(List<TokenEffect> effects, double factor) {
    return effects.stream()
        .map(effect -> new TokenEffect(effect.id(), (float) (effect.effect() * factor)))
        .toList();
  }

  /** A token and the effect on its logit. */
  public record TokenEffect(int id, float effect) {}

  /**
   * Returns the effects of directions.
   *
   * @param model a language model
   * @param directions such as decoder rows [directions, d_model]; there may be none
   * @param count how many tokens to name, on each side
   * @throws IllegalArgumentException when the model is an encoder or the directions are not as wide
   *     as its residual stream
   */
  public static List<LogitEffect> of(Transformer model, FloatMatrix directions, int count) {
    requireFits(model, directions);
    if (directions.rows() == 0) {
      return List.of();
    }
    Device device = model.device();
    FloatMatrix origin =
        logits(model, FinalNorm.withScaleOne(model, device.floats(1, directions.cols())));
    List<LogitEffect> effects = new ArrayList<>();
    for (int from = 0; from < directions.rows(); from += ROWS_AT_ONCE) {
      int to = Math.min(directions.rows(), from + ROWS_AT_ONCE);
      FloatMatrix moved = FinalNorm.withScaleOne(model, directions.rowRange(from, to));
      FloatMatrix effect = logits(model, moved);
      device.kernels().addRow(effect, effect, origin, -1);
      for (int row = 0; row < effect.rows(); row++) {
        effects.add(of(device.toHost(effect.row(row)), count));
      }
    }
    return effects;
  }

  private static FloatMatrix logits(Transformer model, FloatMatrix hidden) {
    FloatMatrix logits = model.device().floats(hidden.rows(), model.config().dVocab());
    model.unembed().uncapped(logits, hidden);
    return logits;
  }

  private static void requireFits(Transformer model, FloatMatrix directions) {
    if (directions.cols() != model.config().dModel()) {
      throw new IllegalArgumentException(
          "logit effect: directions are %s, d_model of %s is %d; their columns must be d_model"
              .formatted(directions.shape(), model.config().name(), model.config().dModel()));
    }
    model.unembed();
  }

  private static LogitEffect of(float[] effects, int count) {
    return new LogitEffect(first(effects, count, 1), first(effects, count, -1));
  }

  /** Returns the tokens with the largest sign times effect, of equal ones the first. */
  private static List<TokenEffect> first(float[] effects, int count, int sign) {
    int shown = Math.min(count, effects.length);
    List<TokenEffect> best = new ArrayList<>();
    for (int id = 0; id < effects.length && shown > 0; id++) {
      float value = sign * effects[id];
      if (best.size() < shown || value > sign * best.getLast().effect) {
        int place = best.size();
        while (place > 0 && value > sign * best.get(place - 1).effect) {
          place--;
        }
        best.add(place, new TokenEffect(id, effects[id]));
        if (best.size() > shown) {
          best.removeLast();
        }
      }
    }
    return best;
  }
}
