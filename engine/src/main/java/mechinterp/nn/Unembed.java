package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/**
 * Makes logits of final hidden states: logits = hidden W_U + b_U, then softly capped to cap
 * tanh(logits / cap) where there is a cap.
 */
public final class Unembed {
  private final Kernels kernels;
  private final Linear linear;
  private final float softCap;

  /**
   * Makes the layer.
   *
   * @param device where the layer computes
   * @param linear W_U [d_model, vocabulary], and b_U where there is one
   * @param softCap 0 for none
   */
  public Unembed(Device device, Linear linear, float softCap) {
    this.kernels = device.kernels();
    this.linear = linear;
    this.softCap = softCap;
  }

  /** logits [tokens, vocabulary] of hidden [tokens, d_model]. */
  public void forward(FloatMatrix logits, FloatMatrix hidden) {
    uncapped(logits, hidden);
    if (isCapped()) {
      kernels.softCap(logits, logits, softCap);
    }
  }

  /** logits = hidden W_U + b_U, without the cap. */
  public void uncapped(FloatMatrix logits, FloatMatrix hidden) {
    linear.forward(logits, hidden);
  }

  /**
   * dHidden = the gradient of {@link #forward}, and the gradients of W_U and b_U are added to where
   * they are parameters.
   *
   * @param dLogits overwritten where there is a cap
   * @param logits what {@link #forward} wrote; read only where there is a cap
   */
  public void backward(
      FloatMatrix dHidden, FloatMatrix dLogits, FloatMatrix logits, FloatMatrix hidden) {
    if (isCapped()) {
      kernels.softCapBackward(dLogits, dLogits, logits, softCap);
    }
    linear.addGradients(dLogits, hidden);
    linear.backward(dHidden, dLogits, Write.SET);
  }

  /** dHidden = the gradient of {@link #uncapped}; those of W_U and b_U are left out. */
  public void uncappedBackward(FloatMatrix dHidden, FloatMatrix dLogits) {
    linear.backward(dHidden, dLogits, Write.SET);
  }

  /** Returns whether logits are capped. */
  public boolean isCapped() {
    return softCap > 0;
  }

  /** Returns the number of logits of a token. */
  public int vocabulary() {
    return linear.out();
  }

  /** Returns the columns of a hidden state. */
  public int width() {
    return linear.in();
  }
}
