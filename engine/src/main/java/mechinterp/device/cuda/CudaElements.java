package mechinterp.device.cuda;

import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Rotation;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** Elementwise kernels, a thread an element. */
final class CudaElements {
  private final Launches launches;

  CudaElements(Launches launches) {
    this.launches = launches;
  }

  private void launch(String kernel, FloatMatrix out, LaunchArguments arguments) {
    launches.elements(KernelFamily.ELEMENTWISE, kernel, out.rows(), out.cols(), arguments);
  }

  private static LaunchArguments to(FloatMatrix out) {
    return new LaunchArguments().add(out);
  }

  void fill(FloatMatrix out, float value) {
    launch("fill", out, to(out).add(value));
  }

  void copy(FloatMatrix out, FloatMatrix x) {
    scale(out, x, 1);
  }

  void add(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    launch("add", out, to(out).add(a).add(b));
  }

  void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    launch("subtract", out, to(out).add(a).add(b));
  }

  void scale(FloatMatrix out, FloatMatrix x, float factor) {
    launch("scale", out, to(out).add(x).add(factor));
  }

  void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    launch("add_scaled", out, to(out).add(x).add(factor));
  }

  void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    launch("add_row", out, to(out).add(x).add(DeviceNumbers.address(row)).add(factor));
  }

  void multiply(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    launch("multiply", out, to(out).add(a).add(b));
  }

  void multiplyRow(FloatMatrix out, FloatMatrix x, FloatMatrix row) {
    launch("multiply_row", out, to(out).add(x).add(DeviceNumbers.address(row)));
  }

  void scaleRows(FloatMatrix out, FloatMatrix x, FloatMatrix factors) {
    try (GpuColumn column = GpuColumn.read(launches.work(), factors)) {
      launch("scale_rows", out, to(out).add(x).add(column.address()));
    }
  }

  void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    launch("gather_rows", out, to(out).add(table).add(DeviceNumbers.address(ids)));
  }

  void gatherColumns(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    launch("gather_columns", out, to(out).add(table).add(DeviceNumbers.address(ids)));
  }

  void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    launch("activate", out, to(out).add(x).add(number(f)));
  }

  void activateBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    launch("activate_backward", dx, to(dx).add(dy).add(x).add(number(f)));
  }

  void gatedActivate(FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f) {
    launch("gated_activate", out, to(out).add(gate).add(linear).add(number(f)));
  }

  void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f) {
    launch(
        "gated_activate_backward",
        gate,
        to(dGate).add(dLinear).add(dOut).add(gate).add(linear).add(number(f)));
  }

  /** The kernels' numbers. */
  private static int number(ActivationFunction f) {
    return switch (f) {
      case GELU -> 0;
      case GELU_TANH -> 1;
      case SILU -> 2;
      case RELU -> 3;
    };
  }

  void softCap(FloatMatrix out, FloatMatrix x, float cap) {
    launch("soft_cap", out, to(out).add(x).add(cap));
  }

  void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap) {
    launch("soft_cap_backward", dx, to(dx).add(dy).add(y).add(cap));
  }

  void rotary(
      FloatMatrix out,
      FloatMatrix x,
      IntMatrix positions,
      FloatMatrix cos,
      FloatMatrix sin,
      int heads,
      Rotation rotation) {
    launch(
        "rotary",
        out,
        to(out)
            .add(x)
            .add(DeviceNumbers.address(positions))
            .add(cos)
            .add(sin)
            .add(x.cols() / heads)
            .add(cos.cols())
            .add(rotation == Rotation.FORWARD ? 1f : -1f));
  }
}
