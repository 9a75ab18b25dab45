package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;

/**
 * Products that are used at once and stored nowhere. Each has the bits of {@link
 * Kernels#matmulPacked} followed by the kernel that its formula names; an output overlaps neither
 * factor.
 */
public interface ProductKernels {
  /** out [m, n] += a [m, k] B with B [k, n] packed, as {@link Kernels#add} would. */
  void addProduct(FloatMatrix out, FloatMatrix a, PackedMatrix b);

  /**
   * out [m, n] = f(gate) (a B), element by element, with B [k, n] packed, as {@link
   * Kernels#gatedActivate} would; out may be gate.
   *
   * @param gate [m, n]
   * @param a [m, k]
   */
  void gatedProduct(
      FloatMatrix out, FloatMatrix gate, FloatMatrix a, PackedMatrix b, ActivationFunction f);
}
