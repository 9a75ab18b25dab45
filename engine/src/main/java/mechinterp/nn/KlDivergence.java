package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;

/**
 * How far next-token distributions q are from others p, in nats: for each row
 *
 * <pre>  loss = sum over j of p[j] (log p[j] - log q[j])</pre>
 *
 * with p and q the softmax of logits, which are made a few rows at a time.
 */
public final class KlDivergence {
  private final Kernels kernels;
  private final Unembed unembed;
  private final Buffers buffers;

  private record Buffers(FloatMatrix p, FloatMatrix q, FloatMatrix gradient) {
    static Buffers declare(Workspace workspace, Unembed unembed, int rows) {
      int vocabulary = unembed.vocabulary();
      return new Buffers(
          workspace.floats("logits of p", rows, vocabulary),
          workspace.floats("logits of q", rows, vocabulary),
          workspace.floats("gradients of logits", rows, vocabulary));
    }
  }

  /**
   * Allocates the matrices for {@code rows} tokens at a time.
   *
   * @throws mechinterp.device.InsufficientMemoryException when they do not fit
   */
  public KlDivergence(Device device, Unembed unembed, int rows) {
    this.kernels = device.kernels();
    this.unembed = unembed;
    this.buffers =
        Workspace.allocate("KL divergence", device, w -> Buffers.declare(w, unembed, rows));
  }

  /** Returns the memory that it takes. */
  public static MemoryPlan plan(Device device, Unembed unembed, int rows) {
    return Workspace.plan("KL divergence", device, w -> Buffers.declare(w, unembed, rows));
  }

  /**
   * losses [tokens, 1], and dHidden [tokens, d_model] = the gradient of weight times their sum by
   * q's hidden states: softmax(logits of q) - softmax(logits of p), back through the unembedding.
   *
   * @param untouched final hidden states of p [tokens, d_model]
   * @param hidden those of q
   */
  public void backward(
      FloatMatrix dHidden,
      FloatMatrix losses,
      FloatMatrix untouched,
      FloatMatrix hidden,
      float weight) {
    int chunk = buffers.p().rows();
    for (int from = 0; from < hidden.rows(); from += chunk) {
      int to = Math.min(from + chunk, hidden.rows());
      FloatMatrix p = buffers.p().rowRange(0, to - from);
      FloatMatrix q = buffers.q().rowRange(0, to - from);
      FloatMatrix gradient = buffers.gradient().rowRange(0, to - from);
      unembed.forward(p, untouched.rowRange(from, to));
      unembed.forward(q, hidden.rowRange(from, to));
      kernels.klDivergence(losses.rowRange(from, to), p, q);
      kernels.softmax(gradient, q);
      kernels.softmax(p, p);
      kernels.subtract(gradient, gradient, p);
      kernels.scale(gradient, gradient, weight);
      unembed.backward(dHidden.rowRange(from, to), gradient, q, hidden.rowRange(from, to));
    }
  }
}
