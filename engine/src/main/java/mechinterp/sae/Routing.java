package mechinterp.sae;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Which expert of a {@link SwitchSae} each of some tokens goes to, with what probability, and the
 * tokens by expert. Holds the buffers of encoding them.
 */
public final class Routing {
  private final Device device;
  private final int experts;
  private final FloatMatrix logits;
  private final FloatMatrix probabilities;
  private final FloatMatrix chosenProbabilities;
  private final IntMatrix chosenExperts;
  private final IntMatrix order;
  private final FloatMatrix inputs;
  private final SparseCodes codes;
  private final float[] probabilitiesOnHost;
  private final float[] largest;
  private final int[] expertOf;
  private final int[] tokens;
  private final int[] starts;
  private int rows;

  /** Declares the buffers for up to {@code capacity} tokens. */
  public Routing(Workspace workspace, SwitchConfig config, int capacity) {
    Workspace own = workspace.within("routing");
    this.device = workspace.device();
    this.experts = config.experts();
    this.logits = own.floats("logits", capacity, experts);
    this.probabilities = own.floats("probabilities", capacity, experts);
    this.chosenProbabilities = own.floats("probabilities of the chosen", capacity, 1);
    this.chosenExperts = own.ints("chosen experts", 1, capacity);
    this.order = own.ints("tokens by expert", 1, capacity);
    this.inputs = own.floats("inputs by expert", capacity, config.dIn());
    this.codes = own.codes("codes by expert", capacity, config.k(), config.latentsOfExpert());
    this.probabilitiesOnHost = own.onHost(float[]::new, Math.multiplyExact(capacity, experts));
    this.largest = own.onHost(float[]::new, capacity);
    this.expertOf = own.onHost(int[]::new, capacity);
    this.tokens = own.onHost(int[]::new, capacity);
    this.starts = new int[experts + 1];
  }

  /** Makes it one of {@code number} tokens. */
  void begin(int number) {
    rows = number;
  }

  /** Chooses for each token the expert with the largest probability, of equal ones the first. */
  void choose() {
    device.download(probabilitiesOnHost, 0, probabilities());
    for (int t = 0; t < rows; t++) {
      int best = t * experts;
      for (int i = best + 1; i < (t + 1) * experts; i++) {
        best = probabilitiesOnHost[i] > probabilitiesOnHost[best] ? i : best;
      }
      expertOf[t] = best - t * experts;
      largest[t] = probabilitiesOnHost[best];
    }
    orderByExpert();
    device.upload(chosenProbabilities(), largest, 0);
    device.upload(chosenExperts(), expertOf, 0);
    device.upload(order.columnRange(0, rows), tokens, 0);
  }

  private void orderByExpert() {
    int next = 0;
    for (int expert = 0; expert < experts; expert++) {
      starts[expert] = next;
      for (int t = 0; t < rows; t++) {
        if (expertOf[t] == expert) {
          tokens[next++] = t;
        }
      }
    }
    starts[experts] = next;
  }

  /** Returns the router's logits [n, experts]. */
  public FloatMatrix logits() {
    return logits.rowRange(0, rows);
  }

  /** Returns their softmax [n, experts]. */
  public FloatMatrix probabilities() {
    return probabilities.rowRange(0, rows);
  }

  /** Returns the probability of the expert that each token goes to [n, 1]. */
  public FloatMatrix chosenProbabilities() {
    return chosenProbabilities.rowRange(0, rows);
  }

  /** Returns the expert that each token goes to [1, n]. */
  public IntMatrix chosenExperts() {
    return chosenExperts.columnRange(0, rows);
  }

  /** Returns how many tokens go to an expert. */
  public int tokens(int expert) {
    return starts[expert + 1] - starts[expert];
  }

  /** Returns the tokens by expert [1, n]. */
  IntMatrix order() {
    return order.columnRange(0, rows);
  }

  /** Returns the numbers of an expert's tokens, rising [1, tokens of the expert]. */
  IntMatrix order(int expert) {
    return order.columnRange(starts[expert], starts[expert + 1]);
  }

  /** Returns a buffer of inputs by expert [n, d_in]. */
  FloatMatrix inputs() {
    return inputs.rowRange(0, rows);
  }

  /** Returns the inputs of an expert's tokens [tokens of the expert, d_in]. */
  FloatMatrix inputs(int expert) {
    return inputs.rowRange(starts[expert], starts[expert + 1]);
  }

  /** Returns the codes of an expert's tokens, over its own latents. */
  SparseCodes codes(int expert) {
    return codes.rowRange(starts[expert], starts[expert + 1]);
  }
}
