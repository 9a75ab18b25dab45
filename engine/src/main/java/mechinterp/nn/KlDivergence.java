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
 * with p and q the softmax of logits, which are made a few rows at a time. Several q may be held
 * against the same p: {@link #reference}, then for each q {@link #losses} and, where it is wanted,
 * {@link #gradient}.
 */
public final class KlDivergence {
  private final Kernels kernels;
  private final Unembed unembed;
  private final Buffers buffers;

  /** Logits of p and q, the softmax of p, and the gradients of q's logits [rows, vocabulary]. */
  private record Buffers(
      FloatMatrix p, FloatMatrix probabilities, FloatMatrix q, FloatMatrix gradient) {
    static Buffers declare(Workspace workspace, Unembed unembed, int rows) {
      int vocabulary = unembed.vocabulary();
      return new Buffers(
          workspace.floats("logits of p", rows, vocabulary),
          workspace.floats("probabilities of p", rows, vocabulary),
          workspace.floats("logits of q", rows, vocabulary),
          workspace.floats("gradients of logits", rows, vocabulary));
    }

    Buffers first(int rows) {
      return new Buffers(
          p.rowRange(0, rows),
          probabilities.rowRange(0, rows),
          q.rowRange(0, rows),
          gradient.rowRange(0, rows));
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
    for (int from = 0; from < hidden.rows(); from += rows()) {
      int to = Math.min(from + rows(), hidden.rows());
      FloatMatrix chunk = hidden.rowRange(from, to);
      reference(untouched.rowRange(from, to));
      losses(losses.rowRange(from, to), chunk);
      gradient(dHidden.rowRange(from, to), chunk, weight);
    }
  }

  /** Returns the most tokens at a time. */
  public int rows() {
    return buffers.p().rows();
  }

  /**
   * Takes the distributions p of so many tokens.
   *
   * @param untouched their final hidden states, of at most {@link #rows} tokens
   */
  public void reference(FloatMatrix untouched) {
    Buffers first = buffers.first(untouched.rows());
    unembed.forward(first.p(), untouched);
    kernels.softmax(first.probabilities(), first.p());
  }

  /**
   * losses [tokens, 1] of distributions q.
   *
   * @param hidden final hidden states of q, a row for each of {@link #reference}
   */
  public void losses(FloatMatrix losses, FloatMatrix hidden) {
    Buffers first = buffers.first(hidden.rows());
    unembed.forward(first.q(), hidden);
    kernels.klDivergence(losses, first.p(), first.q());
  }

  /**
   * dHidden = the gradient of weight times the sum of the last {@link #losses}, as of {@link
   * #backward}.
   *
   * @param hidden what those were of
   */
  public void gradient(FloatMatrix dHidden, FloatMatrix hidden, float weight) {
    Buffers first = buffers.first(hidden.rows());
    FloatMatrix gradient = first.gradient();
    kernels.softmax(gradient, first.q());
    kernels.subtract(gradient, gradient, first.probabilities());
    kernels.scale(gradient, gradient, weight);
    unembed.backward(dHidden, gradient, first.q(), hidden);
  }
}
