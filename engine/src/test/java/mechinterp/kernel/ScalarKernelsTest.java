package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.emptyCodes;
import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.intRow;
import static mechinterp.kernel.TestMatrices.order;
import static mechinterp.kernel.TestMatrices.spans;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The reference against numbers worked out by hand or taken from tables. */
@Tag("kernels")
class ScalarKernelsTest {
  private final Kernels kernels = new ScalarKernels();

  @Test
  void aProductOfEveryFormIsTheOneWorkedOutByHand() {
    FloatMatrix a = TestMatrices.of(row(1, 2, 3), row(4, 5, 6));
    FloatMatrix aTransposed = TestMatrices.of(row(1, 4), row(2, 5), row(3, 6));
    FloatMatrix b = TestMatrices.of(row(7, 8), row(9, 10), row(11, 12));
    FloatMatrix bTransposed = TestMatrices.of(row(7, 9, 11), row(8, 10, 12));
    FloatMatrix expected = TestMatrices.of(row(58, 64), row(139, 154));
    for (Operand asA : Operand.values()) {
      for (Operand asB : Operand.values()) {
        FloatMatrix out = empty(2, 2);
        kernels.matmul(
            out,
            asA == Operand.AS_IS ? a : aTransposed,
            asA,
            asB == Operand.AS_IS ? b : bTransposed,
            asB,
            Write.SET);
        assertClose(expected, out, 0);
      }
    }
    FloatMatrix sum = TestMatrices.of(row(1, 1), row(1, 1));
    kernels.matmul(sum, a, Operand.AS_IS, b, Operand.AS_IS, Write.ADD);
    assertClose(TestMatrices.of(row(59, 65), row(140, 155)), sum, 0);
  }

  /** Values of x Phi(x) from tables of the normal distribution. */
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 0.8413447461",
    "-1, -0.1586552539",
    "2, 1.9544997361",
    "-3, -0.0040496941",
    "0.5, 0.3457312306",
    "3.5, 3.4991857",
    "-6, -5.9192e-9",
    "10, 10"
  })
  void geluIsTheOneOfTheTables(float x, double expected) {
    FloatMatrix out = empty(1, 1);
    kernels.activate(out, TestMatrices.of(row(x)), ActivationFunction.GELU);
    assertEquals(expected, get(out, 0, 0), 1e-6 * Math.max(1e-5, Math.abs(expected)) + 1e-12);
  }

  @Test
  void layerNormHasMeanZeroAndVarianceOneBeforeGainAndBias() {
    FloatMatrix out = empty(1, 4);
    FloatMatrix x = TestMatrices.of(row(1, 2, 3, 4));
    FloatMatrix scale = empty(1, 1);
    kernels.normScale(scale, x, 0, Norm.LAYER);
    kernels.norm(
        out,
        x,
        scale,
        TestMatrices.of(row(1, 1, 2, 1)),
        TestMatrices.of(row(0, 0, 0, 5)),
        Norm.LAYER);
    double unit = 1 / Math.sqrt(1.25);
    assertClose(
        TestMatrices.of(
            row(
                (float) (-1.5 * unit),
                (float) (-.5 * unit),
                (float) unit,
                (float) (1.5 * unit + 5))),
        out,
        1e-6);
  }

  @Test
  void softmaxOfLogarithmsIsTheShares() {
    FloatMatrix out = empty(1, 3);
    kernels.softmax(
        out, TestMatrices.of(row((float) Math.log(1), (float) Math.log(2), (float) Math.log(5))));
    assertClose(TestMatrices.of(row(.125f, .25f, .625f)), out, 1e-6);
  }

  @Test
  void rmsNormsKeepTheMean() {
    FloatMatrix x = TestMatrices.of(row(3, -1, 1, 1));
    FloatMatrix scale = empty(1, 1);
    kernels.normScale(scale, x, 1, Norm.RMS);
    assertEquals(2, get(scale, 0, 0));
    FloatMatrix out = empty(1, 4);
    kernels.norm(
        out,
        x,
        scale,
        TestMatrices.of(row(2, 2, 4, 2)),
        TestMatrices.of(row(0, 0, 0, 7)),
        Norm.RMS);
    assertClose(TestMatrices.of(row(3, -1, 2, 8)), out, 0);
  }

  /** Values of the formulas, worked out with 15 digits. */
  @ParameterizedTest
  @CsvSource({
    "GELU_TANH, 1, 0.841191990608",
    "GELU_TANH, -2, -0.045402305912",
    "SILU, 1, 0.731058578630",
    "SILU, -3, -0.142277618954",
    "RELU, 3, 3",
    "RELU, -3, 0"
  })
  void activationFunctionsAreTheirFormulas(ActivationFunction f, float x, double expected) {
    FloatMatrix out = empty(1, 1);
    kernels.activate(out, TestMatrices.of(row(x)), f);
    assertEquals(expected, get(out, 0, 0), 1e-6 * Math.abs(expected));
    kernels.gatedActivate(out, TestMatrices.of(row(x)), TestMatrices.of(row(-2)), f);
    assertEquals(-2 * expected, get(out, 0, 0), 2e-6 * Math.abs(expected));
  }

  @Test
  void rotaryTurnsTheHalvesOfEachHeadAndCopiesTheRest() {
    FloatMatrix x = TestMatrices.of(row(1, 2, 3, 4, 5, 10, 20, 30, 40, 50));
    FloatMatrix cos = TestMatrices.of(row(9, 9), row(0, 0.6f));
    FloatMatrix sin = TestMatrices.of(row(9, 9), row(1, 0.8f));
    FloatMatrix out = empty(1, 10);
    kernels.rotary(out, x, intRow(1), cos, sin, 2, Rotation.FORWARD);
    assertClose(TestMatrices.of(row(-3, -2, 1, 4, 5, -30, -20, 10, 40, 50)), out, 1e-6);
    kernels.rotary(out, out, intRow(1), cos, sin, 2, Rotation.BACKWARD);
    assertClose(x, out, 1e-6);
  }

  @Test
  void lossesAreInNats() {
    float log2 = (float) Math.log(2);
    FloatMatrix logits = TestMatrices.of(row(log2, 0, 0), row(1000, 0, 0), row(1, 2, 3));
    FloatMatrix losses = empty(3, 1);
    kernels.crossEntropy(losses, logits, intRow(0, 1, -1));
    assertClose(TestMatrices.of(row(log2), row(1000), row(0)), losses, 1e-6);
    FloatMatrix even = TestMatrices.of(row(5, 5), row(0, 0));
    FloatMatrix uneven = TestMatrices.of(row(0, (float) Math.log(3)), row(8, 8));
    FloatMatrix divergences = empty(2, 1);
    kernels.klDivergence(divergences, even, uneven);
    assertClose(
        TestMatrices.of(row((float) (0.5 * Math.log(2) + 0.5 * Math.log(2 / 3.))), row(0)),
        divergences,
        1e-6);
  }

  @Test
  void attentionStaysWithinItsSequenceAndItsHead() {
    FloatMatrix q = TestMatrices.of(row(0, 0), row(0, 0), row(0, 0));
    FloatMatrix v = TestMatrices.of(row(1, 10), row(3, 30), row(100, 7));
    FloatMatrix out = empty(3, 2);
    kernels.attention(
        out, q, q, v, spans(0, 2, 0, 2, 2, 3, 2, 3), AttentionForm.bidirectional(2, 1));
    assertClose(TestMatrices.of(row(2, 20), row(2, 20), row(100, 7)), out, 1e-6);
  }

  @Test
  void attentionWeighsByTheExponentialOfTheScaledScores() {
    float log3 = (float) Math.log(3);
    FloatMatrix out = empty(2, 1);
    kernels.attention(
        out,
        TestMatrices.of(row(2), row(0)),
        TestMatrices.of(row(0), row(log3)),
        TestMatrices.of(row(1), row(5)),
        spans(0, 2, 0, 2),
        AttentionForm.bidirectional(1, .5f));
    assertClose(TestMatrices.of(row(4), row(3)), out, 1e-6);
  }

  @Test
  void encodingKeepsTheLargestPositiveOnesAndTheLowestIndexAmongEquals() {
    FloatMatrix weights = TestMatrices.of(row(1), row(3), row(-2), row(3), row(3), row(0));
    PackedMatrix packed = kernels.allocatePacked(1, 6);
    kernels.pack(packed, weights, Operand.TRANSPOSED);
    SparseCodes codes = emptyCodes(2, 4, 6);
    FloatMatrix bias = TestMatrices.of(row(0, 0, 0, 0, 0, .5f));
    kernels.encodeTopK(codes, TestMatrices.of(row(1), row(-1)), packed, bias, 2);
    assertArrayEquals(new int[] {2, 2}, HostMemory.ints(codes.counts()));
    assertArrayEquals(new int[] {1, 3, 0, 0, 2, 5, 0, 0}, HostMemory.ints(codes.indices()));
    assertClose(TestMatrices.of(row(3, 3, 0, 0), row(2, .5f, 0, 0)), codes.values(), 0);
  }

  @Test
  void codesAreDecodedOrderedAndTurnedIntoGradients() {
    SparseCodes codes = emptyCodes(2, 2, 3);
    TestMatrices.setInt(codes.indices(), 0, 0, 0);
    TestMatrices.setInt(codes.indices(), 0, 1, 2);
    TestMatrices.setInt(codes.indices(), 1, 0, 2);
    TestMatrices.setInt(codes.counts(), 0, 0, 2);
    TestMatrices.setInt(codes.counts(), 1, 0, 1);
    kernels.copy(codes.values(), TestMatrices.of(row(2, 3), row(4, 0)));
    FloatMatrix decoder = TestMatrices.of(row(1, 0), row(9, 9), row(1, 1));
    FloatMatrix out = empty(2, 2);
    kernels.decode(out, codes, decoder, TestMatrices.of(row(.5f, 0)));
    assertClose(TestMatrices.of(row(5.5f, 3), row(4.5f, 4)), out, 0);

    FloatMatrix gradients = empty(2, 2);
    kernels.codeGradients(gradients, codes, TestMatrices.of(row(1, 2), row(3, 4)), decoder);
    assertClose(TestMatrices.of(row(1, 3), row(7, 0)), gradients, 0);

    LatentOrder order = order(codes);
    assertArrayEquals(new int[] {0, 1, 1, 3}, HostMemory.ints(order.starts()));
    FloatMatrix sums = empty(1, 3);
    kernels.latentSums(sums, order, codes.values(), Write.SET);
    assertClose(TestMatrices.of(row(2, 0, 7)), sums, 0);
    FloatMatrix gradient = empty(3, 2);
    FloatMatrix rows = TestMatrices.of(row(1, 2), row(10, 20));
    kernels.sparseGradient(gradient, List.of(new SparseOuterProduct(order, codes.values(), rows)));
    assertClose(TestMatrices.of(row(2, 4), row(0, 0), row(43, 86)), gradient, 0);
  }

  @Test
  void relabelledCodesNameTheChosenLatents() {
    SparseCodes codes = new TestMatrices(1).codes(5, 3, 4);
    SparseCodes out =
        new SparseCodes(TestMatrices.ints(5, 3), empty(5, 3), TestMatrices.ints(5, 1), 100);
    kernels.relabel(out, codes, intRow(10, 20, 30, 99));
    for (int t = 0; t < 5; t++) {
      int count = TestMatrices.getInt(codes.counts(), t, 0);
      assertEquals(count, TestMatrices.getInt(out.counts(), t, 0));
      for (int slot = 0; slot < 3; slot++) {
        int[] ids = {10, 20, 30, 99};
        int expected = slot < count ? ids[TestMatrices.getInt(codes.indices(), t, slot)] : 0;
        assertEquals(expected, TestMatrices.getInt(out.indices(), t, slot));
      }
    }
    assertClose(codes.values(), out.values(), 0);
  }

  /**
   * With corrected moments the first step is the learning rate in the direction of the gradient's
   * sign.
   */
  @Test
  void theFirstAdamStepIsTheLearningRate() {
    FloatMatrix p = TestMatrices.of(row(1, 1, 1));
    FloatMatrix m = TestMatrices.of(row(0, 0, 0));
    FloatMatrix v = TestMatrices.of(row(0, 0, 0));
    kernels
        .optimizer()
        .adam(p, m, v, TestMatrices.of(row(4, -.5f, 0)), new AdamStep(.1f, .9f, .999f, 1e-12f, 1));
    assertClose(TestMatrices.of(row(.9f, 1.1f, 1)), p, 1e-6);
    assertClose(TestMatrices.of(row(.4f, -.05f, 0)), m, 1e-6);
    assertClose(TestMatrices.of(row(.016f, .00025f, 0)), v, 1e-6);
  }

  private static float[] row(float... values) {
    return values;
  }
}
