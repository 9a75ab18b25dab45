package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;

/** Adam's update of a row in an array; {@link OptimizerKernels#adam}. */
final class AdamLoop {
  private static final int LANES = Tiles.LANES;

  private AdamLoop() {}

  static void update(
      float[] p,
      int pAt,
      float[] m,
      int mAt,
      float[] v,
      int vAt,
      float[] g,
      int gAt,
      int length,
      AdamStep step) {
    float beta1 = step.beta1();
    float beta2 = step.beta2();
    float scale = step.gradientScale();
    float rate = -step.correctedLearningRate();
    float correction = step.secondMomentCorrection();
    FloatVector epsilon = FloatVector.broadcast(Tiles.SPECIES, step.epsilon());
    FloatVector rates = FloatVector.broadcast(Tiles.SPECIES, rate);
    FloatVector corrections = FloatVector.broadcast(Tiles.SPECIES, correction);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector gradient = FloatVector.fromArray(Tiles.SPECIES, g, gAt + i).mul(scale);
      FloatVector first =
          FloatVector.fromArray(Tiles.SPECIES, m, mAt + i).mul(beta1).add(gradient.mul(1 - beta1));
      FloatVector second =
          FloatVector.fromArray(Tiles.SPECIES, v, vAt + i)
              .mul(beta2)
              .add(gradient.mul(gradient).mul(1 - beta2));
      first.intoArray(m, mAt + i);
      second.intoArray(v, vAt + i);
      FloatVector parameters = FloatVector.fromArray(Tiles.SPECIES, p, pAt + i);
      first
          .div(second.sqrt().fma(corrections, epsilon))
          .fma(rates, parameters)
          .intoArray(p, pAt + i);
    }
    for (; i < length; i++) {
      float gradient = g[gAt + i] * scale;
      float first = m[mAt + i] * beta1 + gradient * (1 - beta1);
      float second = v[vAt + i] * beta2 + gradient * gradient * (1 - beta2);
      m[mAt + i] = first;
      v[vAt + i] = second;
      float divisor = Math.fma((float) Math.sqrt(second), correction, step.epsilon());
      p[pAt + i] = Math.fma(first / divisor, rate, p[pAt + i]);
    }
  }
}
