package mechinterp.nn;

import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * An affine map of rows: out = x W + b, with W [in, out] and b [1, out].
 *
 * <p>Products read a packed copy of W. A fixed weight is held as that copy alone; of a parameter
 * there are both, and {@link #refresh} packs it again after it has changed.
 */
public final class Linear {
  private final Kernels kernels;
  private final PackedMatrix packed;
  private final Optional<Parameter> weight;
  private final Operand asWeight;
  private final Optional<Weight> bias;

  private Linear(Device device, Weight weight, Operand asWeight, Optional<Weight> bias) {
    FloatMatrix value = weight.value();
    boolean asIs = asWeight == Operand.AS_IS;
    this.kernels = device.kernels();
    this.packed =
        kernels.allocatePacked(
            asIs ? value.rows() : value.cols(), asIs ? value.cols() : value.rows());
    this.weight = weight.parameter();
    this.asWeight = asWeight;
    this.bias = bias;
    kernels.pack(packed, value, asWeight);
    bias.ifPresent(b -> Shapes.requireRow("linear", "bias", b.value(), out()));
  }

  /**
   * Makes a layer with a bias.
   *
   * @param device where the layer computes
   * @param weight W [in, out]
   * @param bias b [1, out]
   * @throws IllegalArgumentException when the shapes do not fit each other
   */
  public Linear(Device device, Weight weight, Weight bias) {
    this(device, weight, Operand.AS_IS, Optional.of(bias));
  }

  /**
   * Makes a layer without a bias.
   *
   * @param device where the layer computes
   * @param weight W [in, out]
   */
  public Linear(Device device, Weight weight) {
    this(device, weight, Operand.AS_IS, Optional.empty());
  }

  /**
   * Returns the layer out = x table^T + b: an unembedding that shares its weight with an embedding.
   *
   * @param device where the layer computes
   * @param table W transposed [out, in]
   * @param bias b [1, out], or none
   * @throws IllegalArgumentException when the shapes do not fit each other
   */
  public static Linear transposed(Device device, Weight table, Optional<Weight> bias) {
    return new Linear(device, table, Operand.TRANSPOSED, bias);
  }

  /** out [tokens, out] = x [tokens, in] W + b; out does not overlap x. */
  public void forward(FloatMatrix out, FloatMatrix x) {
    product(out, x);
    addBias(out);
  }

  /**
   * sum [tokens, out] += x [tokens, in] W, without the bias, as the product and an addition would;
   * sum does not overlap x.
   */
  public void addProduct(FloatMatrix sum, FloatMatrix x) {
    kernels.products().addProduct(sum, x, packed);
  }

  /**
   * out [tokens, out] = f(gate) (x W), element by element and without the bias, as the product and
   * a gate would; out may be gate and does not overlap x.
   */
  public void gatedProduct(FloatMatrix out, FloatMatrix gate, FloatMatrix x, ActivationFunction f) {
    kernels.products().gatedProduct(out, gate, x, packed, f);
  }

  /** Returns whether there is a bias. */
  public boolean hasBias() {
    return bias.isPresent();
  }

  /** out [tokens, out] = x [tokens, in] W, without the bias; out does not overlap x. */
  public void product(FloatMatrix out, FloatMatrix x) {
    kernels.matmulPacked(out, x, packed);
  }

  /** out += b, where there is one. */
  public void addBias(FloatMatrix out) {
    bias.ifPresent(b -> kernels.addRow(out, out, b.value(), 1));
  }

  /** dx [tokens, in] = dOut W^T, or dx += it; dx does not overlap dOut. */
  public void backward(FloatMatrix dx, FloatMatrix dOut, Write write) {
    kernels.matmulPackedTransposed(dx, dOut, packed, write);
  }

  /** Adds to the gradients of W and b, as far as they are parameters. */
  public void addGradients(FloatMatrix dOut, FloatMatrix x) {
    addWeightGradient(dOut, x);
    addBiasGradient(dOut);
  }

  /** Adds x^T dOut to the gradient of W, if it is a parameter. */
  public void addWeightGradient(FloatMatrix dOut, FloatMatrix x) {
    if (weight.isEmpty()) {
      return;
    }
    FloatMatrix gradient = weight.get().gradient();
    switch (asWeight) {
      case AS_IS -> kernels.matmul(gradient, x, Operand.TRANSPOSED, dOut, Operand.AS_IS, Write.ADD);
      case TRANSPOSED ->
          kernels.matmul(gradient, dOut, Operand.TRANSPOSED, x, Operand.AS_IS, Write.ADD);
    }
  }

  /** Adds the sum of dOut's rows to the gradient of b, if it is a parameter. */
  public void addBiasGradient(FloatMatrix dOut) {
    bias.flatMap(Weight::parameter).ifPresent(b -> kernels.sumRows(b.gradient(), dOut, Write.ADD));
  }

  /** Takes over the present numbers of W where it is a parameter. */
  public void refresh() {
    weight.ifPresent(w -> kernels.pack(packed, w.value(), asWeight));
  }

  /** out[t] = column ids[t] of W; out is [tokens, in], ids [1, tokens]. */
  void gatherColumns(FloatMatrix out, IntMatrix ids) {
    kernels.gatherColumns(out, packed, ids);
  }

  /** Returns the number of columns that it takes. */
  public int in() {
    return packed.rows();
  }

  /** Returns the number of columns that it makes. */
  public int out() {
    return packed.cols();
  }
}
