package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.intRow;
import static mechinterp.kernel.TestMatrices.set;
import static mechinterp.kernel.TestMatrices.spans;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The reference's gradients against central differences of its forward methods. The loss is the sum
 * of an output's elements, each times a random weight.
 */
@Tag("kernels")
class GradientKernelsTest {
  private static final float STEP = 1f / 128;
  private static final double NEARLY = 2e-3;

  private final Kernels kernels = new ScalarKernels();
  private final TestMatrices matrices = new TestMatrices(3);

  /** Fills an output from inputs that the test holds. */
  private interface Forward {
    void into(FloatMatrix out);
  }

  /** Checks that {@code gradient} is that of the weighted sum of the output by {@code input}. */
  private static void assertGradient(
      FloatMatrix gradient, FloatMatrix input, FloatMatrix weights, Forward forward) {
    FloatMatrix out = empty(weights.rows(), weights.cols());
    for (int i = 0; i < input.rows(); i++) {
      for (int j = 0; j < input.cols(); j++) {
        float x = get(input, i, j);
        set(input, i, j, x + STEP);
        double above = loss(out, weights, forward);
        set(input, i, j, x - STEP);
        double below = loss(out, weights, forward);
        set(input, i, j, x);
        double expected = (above - below) / (2 * STEP);
        assertEquals(
            expected,
            get(gradient, i, j),
            NEARLY * Math.max(1, Math.abs(expected)),
            "element (" + i + ", " + j + ")");
      }
    }
  }

  private static double loss(FloatMatrix out, FloatMatrix weights, Forward forward) {
    forward.into(out);
    double sum = 0;
    for (int i = 0; i < out.rows(); i++) {
      for (int j = 0; j < out.cols(); j++) {
        sum += get(weights, i, j) == 0 ? 0 : (double) get(out, i, j) * get(weights, i, j);
      }
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void normsHaveTheirGradients(Norm norm) {
    FloatMatrix x = matrices.gaussian(3, 5);
    FloatMatrix gain = matrices.gaussian(1, 5);
    FloatMatrix bias = matrices.gaussian(1, 5);
    FloatMatrix dy = matrices.gaussian(3, 5);
    FloatMatrix scale = empty(3, 1);
    kernels.normScale(scale, x, 0.1f, norm);
    FloatMatrix dx = empty(3, 5);
    FloatMatrix dScale = empty(3, 1);
    kernels.normBackward(dx, dScale, dy, x, scale, gain, norm);
    Forward withFixedScale = out -> kernels.norm(out, x, scale, gain, bias, norm);
    assertGradient(dx, x, dy, withFixedScale);
    assertGradient(dScale, scale, dy, withFixedScale);
    kernels.normScaleBackward(dx, dScale, x, scale, norm);
    assertGradient(
        dx,
        x,
        dy,
        out -> {
          FloatMatrix changed = empty(3, 1);
          kernels.normScale(changed, x, 0.1f, norm);
          kernels.norm(out, x, changed, gain, bias, norm);
        });
    FloatMatrix dGain = empty(1, 5);
    kernels.normGainGradient(dGain, dy, x, scale, norm, Write.SET);
    assertGradient(dGain, gain, dy, withFixedScale);
    kernels.normGainGradient(dGain, dy, x, scale, norm, Write.ADD);
    kernels.scale(dGain, dGain, 0.5f);
    assertGradient(dGain, gain, dy, withFixedScale);
  }

  @ParameterizedTest
  @EnumSource(ActivationFunction.class)
  void activationFunctionsHaveTheirDerivatives(ActivationFunction f) {
    FloatMatrix x = TestMatrices.of(new float[] {-6, -2, -0.7f, -0.1f, 0.05f, 0.6f, 1, 3, 7});
    FloatMatrix dy = matrices.gaussian(1, 9);
    FloatMatrix dx = empty(1, 9);
    kernels.activateBackward(dx, dy, x, f);
    assertGradient(dx, x, dy, out -> kernels.activate(out, x, f));
    FloatMatrix linear = matrices.gaussian(1, 9);
    FloatMatrix dLinear = empty(1, 9);
    kernels.gatedActivateBackward(dx, dLinear, dy, x, linear, f);
    Forward gated = out -> kernels.gatedActivate(out, x, linear, f);
    assertGradient(dx, x, dy, gated);
    assertGradient(dLinear, linear, dy, gated);
  }

  @Test
  void cappedNumbersHaveTheirDerivative() {
    FloatMatrix x = matrices.gaussian(2, 7);
    FloatMatrix dy = matrices.gaussian(2, 7);
    FloatMatrix y = empty(2, 7);
    kernels.softCap(y, x, 1.5f);
    FloatMatrix dx = empty(2, 7);
    kernels.softCapBackward(dx, dy, y, 1.5f);
    assertGradient(dx, x, dy, out -> kernels.softCap(out, x, 1.5f));
  }

  @Test
  void softmaxHasItsGradient() {
    FloatMatrix x = matrices.gaussian(3, 6);
    set(x, 1, 2, Float.NEGATIVE_INFINITY);
    FloatMatrix y = empty(3, 6);
    kernels.softmax(y, x);
    assertEquals(0, get(y, 1, 2));
    FloatMatrix dy = matrices.gaussian(3, 6);
    FloatMatrix dx = empty(3, 6);
    kernels.softmaxBackward(dx, dy, y);
    assertGradient(dx, x, dy, out -> kernels.softmax(out, x));
  }

  @Test
  void turningBackIsTheGradientOfTurning() {
    IntMatrix positions = intRow(0, 3, 1);
    FloatMatrix cos = matrices.gaussian(4, 2);
    FloatMatrix sin = matrices.gaussian(4, 2);
    FloatMatrix x = matrices.gaussian(3, 10);
    FloatMatrix dy = matrices.gaussian(3, 10);
    FloatMatrix dx = empty(3, 10);
    kernels.rotary(dx, dy, positions, cos, sin, 2, Rotation.BACKWARD);
    assertGradient(
        dx, x, dy, out -> kernels.rotary(out, x, positions, cos, sin, 2, Rotation.FORWARD));
  }

  static Stream<AttentionForm> forms() {
    return Stream.of(
        AttentionForm.bidirectional(4, 0.5f),
        AttentionForm.causal(4, 2, 0.7f),
        new AttentionForm(4, 1, 0.4f, true, 2, 0),
        new AttentionForm(4, 4, 0.4f, false, 2, 1.5f),
        new AttentionForm(4, 2, 0.6f, true, 3, 2));
  }

  /** One sequence with as many queries as keys, one with a key row before its own, one empty. */
  private static final IntMatrix SPANS = spans(0, 3, 0, 3, 3, 5, 4, 7, 5, 5, 7, 7);

  @ParameterizedTest
  @MethodSource("forms")
  void attentionHasItsGradients(AttentionForm form) {
    FloatMatrix q = matrices.gaussian(5, 12);
    FloatMatrix k = matrices.gaussian(7, 3 * form.keyValueHeads());
    FloatMatrix v = matrices.gaussian(7, 3 * form.keyValueHeads());
    FloatMatrix dOut = matrices.gaussian(5, 12);
    FloatMatrix dq = empty(5, 12);
    FloatMatrix dk = zeros(k);
    FloatMatrix dv = zeros(k);
    kernels.attentionBackward(dq, dk, dv, dOut, q, k, v, SPANS, form);
    Forward forward = out -> kernels.attention(out, q, k, v, SPANS, form);
    assertGradient(dq, q, dOut, forward);
    assertGradient(dk, k, dOut, forward);
    assertGradient(dv, v, dOut, forward);
  }

  private FloatMatrix zeros(FloatMatrix shape) {
    FloatMatrix zeros = empty(shape.rows(), shape.cols());
    kernels.fill(zeros, 0);
    return zeros;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void writtenOutScoresHaveTheirGradients(AttentionForm form) {
    FloatMatrix q = matrices.gaussian(5, 12);
    FloatMatrix k = matrices.gaussian(7, 3 * form.keyValueHeads());
    FloatMatrix scores = empty(5, 16);
    kernels.attentionScores(scores, q, k, SPANS, form);
    FloatMatrix dScores = matrices.gaussian(5, 16);
    FloatMatrix dq = empty(5, 12);
    FloatMatrix dk = zeros(k);
    kernels.attentionScoresBackward(dq, dk, dScores, scores, q, k, SPANS, form);
    FloatMatrix visible = TestMatrices.copyOf(dScores);
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 16; j++) {
        set(visible, i, j, Float.isInfinite(get(scores, i, j)) ? 0 : get(dScores, i, j));
      }
    }
    Forward forward = out -> kernels.attentionScores(out, q, k, SPANS, form);
    assertGradient(dq, q, visible, forward);
    assertGradient(dk, k, visible, forward);
  }

  @Test
  void weightedValuesHaveTheirGradients() {
    FloatMatrix pattern = matrices.gaussian(5, 16);
    FloatMatrix v = matrices.gaussian(7, 6);
    FloatMatrix dOut = matrices.gaussian(5, 12);
    FloatMatrix dPattern = empty(5, 16);
    FloatMatrix dv = zeros(v);
    kernels.attentionValuesBackward(dPattern, dv, dOut, pattern, v, SPANS, 4, 2);
    Forward forward = out -> kernels.attentionValues(out, pattern, v, SPANS, 4, 2);
    assertGradient(dPattern, pattern, dOut, forward);
    assertGradient(dv, v, dOut, forward);
  }

  @Test
  void crossEntropyHasItsGradient() {
    FloatMatrix logits = matrices.gaussian(4, 6);
    IntMatrix targets = intRow(5, 0, -1, 2);
    FloatMatrix weights = matrices.gaussian(4, 1);
    FloatMatrix dLogits = empty(4, 6);
    kernels.crossEntropyBackward(dLogits, logits, targets, weights);
    assertGradient(dLogits, logits, weights, out -> kernels.crossEntropy(out, logits, targets));
  }
}
