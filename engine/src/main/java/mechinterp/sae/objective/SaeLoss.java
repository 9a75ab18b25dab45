package mechinterp.sae.objective;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The losses of one batch, taken before the step.
 *
 * @param parts what is minimised is their sum; by name, in the order in which the kind defines
 *     them, {@link #RECONSTRUCTION} first
 * @param fvu the batch's sum |x - x^|^2 / sum |x - mean of the batch|^2
 * @param l0 mean number of active latents of a token
 * @param deadLatents latents that were not active on any of the last tokens, as many as the
 *     configuration says
 */
public record SaeLoss(Map<String, Double> parts, double fvu, double l0, int deadLatents) {
  /** The part that compares activations with their reconstruction. */
  public static final String RECONSTRUCTION = "reconstruction";

  /** The part that draws a hybrid's encoder to the pursuit's fixed point. */
  public static final String FIXED_POINT = "fixed_point";

  /** The part that revives dead latents. */
  public static final String AUXILIARY = "auxiliary";

  /** The part that revives dead latents of kinds with ReLU. */
  public static final String GHOST_GRADIENTS = "ghost_gradients";

  /** The part of reconstructions with more latents. */
  public static final String MULTI_TOPK = "multi_topk";

  /** The part of a hybrid's short prefixes. */
  public static final String PREFIXES = "prefixes";

  /** The part of a gated kind's reconstruction by its open gates. */
  public static final String GATE = "gate";

  /** The part that keeps codes sparse. */
  public static final String SPARSITY = "sparsity";

  /** The part of a model that goes on with reconstructions. */
  public static final String END_TO_END = "end_to_end";

  /** The part that keeps experts evenly used. */
  public static final String LOAD_BALANCE = "load_balance";

  /** Copies the parts. */
  public SaeLoss {
    parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
  }

  /** Returns what is minimised. */
  public double total() {
    return parts.values().stream().reduce(0.0, Double::sum);
  }

  /**
   * Returns a part.
   *
   * @throws IllegalArgumentException when the kind has no such part
   */
  public double part(String name) {
    Double part = parts.get(name);
    if (part == null) {
      throw new IllegalArgumentException(
          "loss: has no part %s; it has %s".formatted(name, parts.keySet()));
    }
    return part;
  }
}
