package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.assertSameBits;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.set;
import static mechinterp.kernel.TestMatrices.spans;
import static org.junit.jupiter.api.Assertions.assertEquals;

import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.HostFloats;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the reference's attention sees, and how its forms hang together. */
@Tag("kernels")
class ScalarAttentionTest {
  private final Kernels kernels = new ScalarKernels();
  private final TestMatrices matrices = new TestMatrices(5);

  private static float[] row(float... values) {
    return values;
  }

  /** Scores of zero: each output is the mean of the values that its query sees. */
  private FloatMatrix means(AttentionForm form, IntMatrix spans, int queries, int keys) {
    FloatMatrix q = empty(queries, form.heads());
    FloatMatrix k = empty(keys, form.keyValueHeads());
    FloatMatrix v = empty(keys, form.keyValueHeads());
    kernels.fill(q, 0);
    kernels.fill(k, 0);
    for (int i = 0; i < keys; i++) {
      for (int j = 0; j < v.cols(); j++) {
        set(v, i, j, (1 << i) * (j + 1));
      }
    }
    FloatMatrix out = empty(queries, form.heads());
    kernels.attention(out, q, k, v, spans, form);
    return out;
  }

  @Test
  void causalQueriesSeeThemselvesAndWhatIsBefore() {
    FloatMatrix out = means(AttentionForm.causal(1, 1, 1), spans(0, 3, 0, 3), 3, 3);
    assertClose(TestMatrices.of(row(1), row(1.5f), row(7 / 3f)), out, 1e-6);
  }

  @Test
  void aWindowCountsTheQueryItself() {
    AttentionForm form = new AttentionForm(1, 1, 1, true, 2, 0);
    FloatMatrix out = means(form, spans(0, 4, 0, 4), 4, 4);
    assertClose(TestMatrices.of(row(1), row(1.5f), row(3), row(6)), out, 1e-6);
  }

  @Test
  void aWindowWithoutCausalityReachesAsFarAhead() {
    AttentionForm form = new AttentionForm(1, 1, 1, false, 2, 0);
    FloatMatrix out = means(form, spans(0, 3, 0, 3), 3, 3);
    assertClose(TestMatrices.of(row(1.5f), row(7 / 3f), row(3)), out, 1e-6);
  }

  @Test
  void queriesAreTheLastPositionsOfTheKeys() {
    FloatMatrix out = means(AttentionForm.causal(1, 1, 1), spans(0, 2, 1, 5), 2, 6);
    assertClose(TestMatrices.of(row(14 / 3f), row(7.5f)), out, 1e-6);
  }

  @Test
  void headsShareKeyValueHeadsInOrder() {
    FloatMatrix out = means(AttentionForm.causal(6, 3, 1), spans(0, 1, 0, 1), 1, 1);
    assertClose(TestMatrices.of(row(1, 1, 2, 2, 3, 3)), out, 0);
  }

  @Test
  void rowsOutsideAllSequencesAreLeftAsTheyAre() {
    FloatMatrix out = empty(3, 1);
    FloatMatrix x = matrices.gaussian(3, 1);
    kernels.fill(out, 9);
    kernels.attention(out, x, x, x, spans(1, 2, 1, 2), AttentionForm.causal(1, 1, 1));
    assertClose(TestMatrices.of(row(9), row(get(x, 1, 0)), row(9)), out, 1e-6);
  }

  @Test
  void scoresAreCapped() {
    FloatMatrix scores = empty(1, 2);
    kernels.attentionScores(
        scores,
        TestMatrices.of(row(2)),
        TestMatrices.of(row(30), row(-1)),
        spans(0, 1, 0, 2),
        new AttentionForm(1, 1, 0.5f, false, 9, 3));
    assertClose(
        TestMatrices.of(row((float) (3 * Math.tanh(10)), (float) (-3 * Math.tanh(1 / 3.)))),
        scores,
        1e-6);
  }

  @ParameterizedTest
  @MethodSource("mechinterp.kernel.GradientKernelsTest#forms")
  void theWrittenOutPathIsTheFusedOne(AttentionForm form) {
    IntMatrix spans = spans(0, 3, 0, 3, 3, 5, 4, 7);
    FloatMatrix q = matrices.gaussian(5, 12);
    FloatMatrix k = matrices.gaussian(7, 3 * form.keyValueHeads());
    FloatMatrix v = matrices.gaussian(7, 3 * form.keyValueHeads());
    FloatMatrix expected = empty(5, 12);
    kernels.attention(expected, q, k, v, spans, form);
    FloatMatrix scores = contiguous(5, 16);
    kernels.attentionScores(scores, q, k, spans, form);
    FloatMatrix byHead = scores.reshaped(20, 4);
    kernels.softmax(byHead, byHead);
    FloatMatrix actual = empty(5, 12);
    kernels.attentionValues(actual, scores, v, spans, form.heads(), form.keyValueHeads());
    assertClose(expected, actual, 1e-5);
  }

  private static FloatMatrix contiguous(int rows, int cols) {
    return new FloatMatrix(
        new HostFloats(new float[rows * cols]), MatrixLayout.contiguous(rows, cols));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.kernel.GradientKernelsTest#forms")
  void aCacheOfKeysGivesTheRowsOfTheWholeText(AttentionForm form) {
    FloatMatrix q = matrices.gaussian(6, 12);
    FloatMatrix k = matrices.gaussian(6, 3 * form.keyValueHeads());
    FloatMatrix v = matrices.gaussian(6, 3 * form.keyValueHeads());
    FloatMatrix whole = empty(6, 12);
    kernels.attention(whole, q, k, v, spans(0, 6, 0, 6), form);
    FloatMatrix last = empty(2, 12);
    kernels.attention(last, q.rowRange(4, 6), k, v, spans(0, 2, 0, 6), form);
    assertSameBits(whole.rowRange(4, 6), last);
  }

  @Test
  void spansOutsideTheRowsAreRefused() {
    FloatMatrix x = matrices.gaussian(4, 2);
    AttentionForm form = AttentionForm.causal(1, 1, 1);
    assertEquals(
        "attention: sequence 1 has query rows 2 to 5 of 4 and key rows 0 to 4 of 4; ranges must lie within the rows and there must be at least as many keys as queries",
        Refusal.of(
            IllegalArgumentException.class,
            () -> kernels.attention(empty(4, 2), x, x, x, spans(0, 2, 0, 2, 2, 5, 0, 4), form)));
    assertEquals(
        "attention: sequence 0 has query rows 0 to 3 of 4 and key rows 2 to 4 of 4; ranges must lie within the rows and there must be at least as many keys as queries",
        Refusal.of(
            IllegalArgumentException.class,
            () -> kernels.attention(empty(4, 2), x, x, x, spans(0, 3, 2, 4), form)));
  }

  @Test
  void formsThatMakeNoSenseAreRefused() {
    assertEquals(
        "attention: 4 heads, 3 key/value heads; both must be at least 1 and the second must divide the first",
        refusal(() -> AttentionForm.causal(4, 3, 1)));
    assertEquals(
        "attention: scale is 0.0; it must be positive and finite",
        refusal(() -> AttentionForm.causal(4, 4, 0)));
    assertEquals(
        "attention: window is 0; it must be at least 1",
        refusal(() -> new AttentionForm(1, 1, 1, true, 0, 0)));
    assertEquals(
        "attention: softCap is NaN; it must be finite and not negative",
        refusal(() -> new AttentionForm(1, 1, 1, true, 1, Float.NaN)));
  }

  private static String refusal(org.junit.jupiter.api.function.Executable action) {
    return Refusal.of(IllegalArgumentException.class, action);
  }
}
