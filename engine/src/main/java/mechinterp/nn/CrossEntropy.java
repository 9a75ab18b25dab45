package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * The cross-entropy of next tokens, in nats: for each row
 *
 * <pre>  loss = log(sum over j of exp(logits[j])) - logits[target]</pre>
 *
 * and 0 where the target is -1. Logits are made a few rows at a time, so they never exist for all
 * tokens at once.
 */
public final class CrossEntropy {
  private final Kernels kernels;
  private final Unembed unembed;
  private final Buffers buffers;

  /** Logits and their gradients; the same matrix unless logits are capped. */
  private record Buffers(FloatMatrix logits, FloatMatrix dLogits) {
    static Buffers declare(Workspace workspace, Unembed unembed, int rows) {
      FloatMatrix logits = workspace.floats("logits", rows, unembed.vocabulary());
      return new Buffers(
          logits,
          unembed.isCapped()
              ? workspace.floats("gradients of logits", rows, unembed.vocabulary())
              : logits);
    }
  }

  /**
   * Allocates the matrices for {@code rows} tokens at a time.
   *
   * @throws mechinterp.device.InsufficientMemoryException when they do not fit
   */
  public CrossEntropy(Device device, Unembed unembed, int rows) {
    this.kernels = device.kernels();
    this.unembed = unembed;
    this.buffers =
        Workspace.allocate("cross-entropy", device, w -> Buffers.declare(w, unembed, rows));
  }

  /** Returns the memory that it takes. */
  public static MemoryPlan plan(Device device, Unembed unembed, int rows) {
    return Workspace.plan("cross-entropy", device, w -> Buffers.declare(w, unembed, rows));
  }

  /**
   * losses [tokens, 1] of hidden [tokens, d_model].
   *
   * @param targets id of the token that follows each, or -1 [1, tokens]
   */
  public void forward(FloatMatrix losses, FloatMatrix hidden, IntMatrix targets) {
    for (int from = 0; from < hidden.rows(); from += chunk()) {
      Chunk chunk = new Chunk(from, Math.min(from + chunk(), hidden.rows()));
      chunk.losses(losses, hidden, targets);
    }
  }

  /**
   * losses as in {@link #forward}, and dHidden [tokens, d_model] = the gradient of the sum of
   * weights * losses; the gradients of the unembedding's parameters are added to.
   *
   * @param targets id of the token that follows each, or -1 [1, tokens]
   * @param weights of the losses [tokens, 1]
   */
  public void backward(
      FloatMatrix dHidden,
      FloatMatrix losses,
      FloatMatrix hidden,
      IntMatrix targets,
      FloatMatrix weights) {
    for (int from = 0; from < hidden.rows(); from += chunk()) {
      Chunk chunk = new Chunk(from, Math.min(from + chunk(), hidden.rows()));
      chunk.losses(losses, hidden, targets);
      chunk.gradients(dHidden, hidden, targets, weights);
    }
  }

  private int chunk() {
    return buffers.logits().rows();
  }

  /** Some rows at a time. */
  private final class Chunk {
    private final int from;
    private final int to;
    private final FloatMatrix logits;

    Chunk(int from, int to) {
      this.from = from;
      this.to = to;
      this.logits = buffers.logits().rowRange(0, to - from);
    }

    void losses(FloatMatrix losses, FloatMatrix hidden, IntMatrix targets) {
      unembed.forward(logits, hidden.rowRange(from, to));
      kernels.crossEntropy(losses.rowRange(from, to), logits, targets.columnRange(from, to));
    }

    void gradients(
        FloatMatrix dHidden, FloatMatrix hidden, IntMatrix targets, FloatMatrix weights) {
      FloatMatrix dLogits = buffers.dLogits().rowRange(0, to - from);
      kernels.crossEntropyBackward(
          dLogits, logits, targets.columnRange(from, to), weights.rowRange(from, to));
      unembed.backward(dHidden.rowRange(from, to), dLogits, logits, hidden.rowRange(from, to));
    }
  }
}
