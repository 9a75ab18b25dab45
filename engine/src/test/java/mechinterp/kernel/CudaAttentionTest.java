package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.assertSameBits;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.spans;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.Stream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attention on a simulated GPU beside the reference: sequences of one token, around the sizes of
 * tiles, heads wider than a block adds up at once, caches, gaps between sequences.
 */
@Tag("kernels")
class CudaAttentionTest {
  private static final double NEARLY = 2e-5;

  private final Kernels scalar = new ScalarKernels();
  private final OnGpu gpu = new OnGpu();
  private final TestMatrices matrices = new TestMatrices(13);

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), gpu.closeAndFindLeaks());
  }

  /**
   * A case.
   *
   * @param dHead columns of a head
   * @param queries rows of q
   * @param keys rows of k
   * @param maxKeys the most keys of a sequence
   */
  record Shape(int dHead, int queries, int keys, int maxKeys, IntMatrix spans) {}

  private static final List<Shape> SHAPES =
      List.of(
          new Shape(1, 1, 1, 1, spans(0, 1, 0, 1)),
          new Shape(5, 8, 8, 5, spans(0, 1, 0, 1, 1, 6, 1, 6, 6, 8, 6, 8)),
          new Shape(33, 27, 45, 37, spans(0, 22, 3, 40, 23, 26, 40, 44, 27, 27, 45, 45)));

  private static final Shape WIDE = new Shape(131, 3, 20, 18, spans(0, 3, 2, 20));

  static Stream<Arguments> cases() {
    Stream<Arguments> all =
        SHAPES.stream()
            .flatMap(shape ->
                Stream.of(
                        AttentionForm.bidirectional(2, 0.3f),
                        new AttentionForm(2, 2, 0.3f, true, 7, 0),
                        new AttentionForm(2, 1, 0.4f, false, 34, 1.5f))
                    .map(form -> Arguments.of(shape, form)));
    return Stream.concat(all, Stream.of(Arguments.of(WIDE, AttentionForm.causal(2, 1, 0.2f))));
  }

  private FloatMatrix queries(Shape shape, AttentionForm form) {
    return matrices.gaussian(shape.queries(), form.heads() * shape.dHead());
  }

  private FloatMatrix keys(Shape shape, AttentionForm form) {
    return matrices.gaussian(shape.keys(), form.keyValueHeads() * shape.dHead());
  }

  /** A kernel with its inputs. */
  private interface Call {
    void on(Kernels kernels, List<FloatMatrix> outputs);
  }

  private void compare(List<FloatMatrix> outputs, Call call) {
    List<FloatMatrix> expected = outputs.stream().map(TestMatrices::copyOf).toList();
    List<FloatMatrix> actual = outputs.stream().map(TestMatrices::copyOf).toList();
    call.on(scalar, expected);
    call.on(gpu.kernels(), actual);
    for (int i = 0; i < expected.size(); i++) {
      assertClose(expected.get(i), actual.get(i), NEARLY);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void attentionAndItsGradientsAreTheReference(Shape shape, AttentionForm form) {
    FloatMatrix q = queries(shape, form);
    FloatMatrix k = keys(shape, form);
    FloatMatrix v = keys(shape, form);
    compare(
        List.of(queries(shape, form)),
        (kernels, out) -> kernels.attention(out.getFirst(), q, k, v, shape.spans(), form));
    FloatMatrix dOut = queries(shape, form);
    compare(
        List.of(queries(shape, form), keys(shape, form), keys(shape, form)),
        (kernels, out) ->
            kernels.attentionBackward(
                out.get(0), out.get(1), out.get(2), dOut, q, k, v, shape.spans(), form));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theWrittenOutPathIsTheReference(Shape shape, AttentionForm form) {
    int cols = form.heads() * (shape.maxKeys() + 2);
    FloatMatrix q = queries(shape, form);
    FloatMatrix k = keys(shape, form);
    FloatMatrix scores = matrices.gaussian(shape.queries(), cols);
    compare(
        List.of(scores),
        (kernels, out) -> kernels.attentionScores(out.getFirst(), q, k, shape.spans(), form));
    FloatMatrix dScores = matrices.gaussian(shape.queries(), cols);
    scalar.attentionScores(scores, q, k, shape.spans(), form);
    compare(
        List.of(queries(shape, form), keys(shape, form)),
        (kernels, out) ->
            kernels.attentionScoresBackward(
                out.get(0), out.get(1), dScores, scores, q, k, shape.spans(), form));
    FloatMatrix pattern = matrices.gaussian(shape.queries(), cols);
    compare(
        List.of(queries(shape, form)),
        (kernels, out) ->
            kernels.attentionValues(
                out.getFirst(), pattern, k, shape.spans(), form.heads(), form.keyValueHeads()));
    compare(
        List.of(matrices.gaussian(shape.queries(), cols), keys(shape, form)),
        (kernels, out) ->
            kernels.attentionValuesBackward(
                out.get(0),
                out.get(1),
                q,
                pattern,
                k,
                shape.spans(),
                form.heads(),
                form.keyValueHeads()));
  }

  @Test
  void aCacheGivesTheBitsOfTheWholeText() {
    AttentionForm form = new AttentionForm(2, 1, 0.5f, true, 33, 3);
    Shape shape = new Shape(9, 70, 70, 70, spans(0, 70, 0, 70));
    FloatMatrix q = queries(shape, form);
    FloatMatrix k = keys(shape, form);
    FloatMatrix v = keys(shape, form);
    FloatMatrix whole = empty(q.rows(), q.cols());
    gpu.kernels().attention(whole, q, k, v, shape.spans(), form);
    for (int queries : new int[] {1, 5, 37}) {
      for (int keys : new int[] {50, 70}) {
        FloatMatrix last = empty(queries, q.cols());
        FloatMatrix lastQueries = q.rowRange(keys - queries, keys);
        gpu.kernels().attention(last, lastQueries, k, v, spans(0, queries, 0, keys), form);
        assertSameBits(whole.rowRange(keys - queries, keys), last);
      }
    }
  }

  @Test
  void spansThatDoNotFitAreRefused() {
    FloatMatrix x = matrices.gaussian(4, 6);
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                gpu.kernels()
                    .attention(copy(x), x, x, x, spans(0, 3, 1, 3), AttentionForm.causal(1, 1, 1)));
    assertEquals(
        "attention: sequence 0 has query rows 0 to 3 of 4 and key rows 1 to 3 of 4; ranges must lie within the rows and there must be at least as many keys as queries",
        refused.getMessage());
  }

  private static FloatMatrix copy(FloatMatrix x) {
    return TestMatrices.copyOf(x);
  }
}
