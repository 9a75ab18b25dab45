package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Rotation;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * Rotary positions (Su et al. 2021): in each head the pair of columns (i, i + r / 2) turns by the
 * angle position * frequency i, where r is twice the number of frequencies; see {@link
 * Kernels#rotary}.
 *
 * <p>Frequencies and angles are rounded to float before the sine and cosine are taken, as models
 * are trained and run elsewhere: at position 10,000 that changes an angle by up to 5e-4.
 */
public final class Rotary {
  private final Kernels kernels;
  private final FloatMatrix cos;
  private final FloatMatrix sin;

  /**
   * Computes the angles' sines and cosines.
   *
   * @param device where the layer computes
   * @param frequencies angle per position of each pair of columns
   * @param positions number of positions, from 0 on
   */
  public Rotary(Device device, double[] frequencies, int positions) {
    this.kernels = device.kernels();
    float[] cosines = new float[Math.multiplyExact(positions, frequencies.length)];
    float[] sines = new float[cosines.length];
    for (int i = 0; i < cosines.length; i++) {
      int position = i / frequencies.length;
      float angle = position * (float) frequencies[i % frequencies.length];
      cosines[i] = (float) Math.cos(angle);
      sines[i] = (float) Math.sin(angle);
    }
    cos = device.matrix(positions, frequencies.length, cosines);
    sin = device.matrix(positions, frequencies.length, sines);
  }

  /**
   * out = x with each head turned; may be the same matrix.
   *
   * @param out [tokens, heads * d_head]
   * @param positions place of each token [1, tokens]
   */
  public void forward(FloatMatrix out, FloatMatrix x, IntMatrix positions, int heads) {
    kernels.rotary(out, x, positions, cos, sin, heads, Rotation.FORWARD);
  }

  /** dx = the gradient of {@link #forward}: dOut turned back; may be the same matrix. */
  public void backward(FloatMatrix dx, FloatMatrix dOut, IntMatrix positions, int heads) {
    kernels.rotary(dx, dOut, positions, cos, sin, heads, Rotation.BACKWARD);
  }
}
