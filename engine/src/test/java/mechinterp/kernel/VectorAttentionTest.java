package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertClose;
import static mechinterp.kernel.TestMatrices.assertSameBits;
import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.spans;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.stream.Stream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attention by vectors against the reference, in all its forms: sequences of one token, around the
 * sizes of tiles and panels, with and without a cache, and with gaps between them.
 */
@Tag("kernels")
class VectorAttentionTest {
  private static final double NEARLY = 2e-5;

  private final Kernels scalar = new ScalarKernels();
  private final TestMatrices matrices = new TestMatrices(13);
  private Kernels vector = scalar;
  private WorkerPool workers = new WorkerPool(1);

  @BeforeEach
  void startWorkers() {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    workers.close();
    workers = new WorkerPool(3);
    vector = new VectorKernels(workers);
  }

  @AfterEach
  void stopWorkers() {
    workers.close();
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
          new Shape(16, 100, 100, 70, spans(0, 70, 0, 70, 70, 100, 70, 100)),
          new Shape(33, 45, 60, 46, spans(0, 40, 3, 49, 41, 44, 50, 59, 45, 45, 60, 60)),
          new Shape(64, 3, 400, 300, spans(0, 1, 10, 310, 1, 3, 311, 400)),
          new Shape(7, 150, 150, 150, spans(0, 150, 0, 150)));

  static Stream<Arguments> cases() {
    return SHAPES.stream()
        .flatMap(shape ->
            Stream.of(
                    AttentionForm.bidirectional(3, 0.3f),
                    AttentionForm.causal(4, 2, 0.5f),
                    AttentionForm.causal(5, 1, 0.4f),
                    new AttentionForm(2, 2, 0.5f, true, 7, 0),
                    new AttentionForm(3, 3, 0.5f, false, 40, 1.5f),
                    new AttentionForm(6, 2, 0.7f, true, 50, 2))
                .map(form -> Arguments.of(shape, form)));
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

  /** Compares what a kernel makes of copies of {@code outputs}. */
  private void compare(List<FloatMatrix> outputs, Call call) {
    List<FloatMatrix> expected = outputs.stream().map(TestMatrices::copyOf).toList();
    List<FloatMatrix> actual = outputs.stream().map(TestMatrices::copyOf).toList();
    call.on(scalar, expected);
    call.on(vector, actual);
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

  static Stream<AttentionForm> forms() {
    return Stream.of(
        AttentionForm.causal(4, 4, 0.3f),
        AttentionForm.causal(6, 2, 0.3f),
        AttentionForm.causal(9, 1, 0.3f),
        new AttentionForm(4, 2, 0.5f, true, 33, 3));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aCacheGivesTheBitsOfTheWholeText(AttentionForm form) {
    Shape shape = new Shape(24, 260, 260, 260, spans(0, 260, 0, 260));
    FloatMatrix q = queries(shape, form);
    FloatMatrix k = keys(shape, form);
    FloatMatrix v = keys(shape, form);
    FloatMatrix whole = empty(q.rows(), q.cols());
    vector.attention(whole, q, k, v, shape.spans(), form);
    for (int queries : new int[] {1, 2, 5, 40, 131}) {
      for (int keys : new int[] {150, 260}) {
        FloatMatrix last = empty(queries, q.cols());
        FloatMatrix lastQueries = q.rowRange(keys - queries, keys);
        vector.attention(last, lastQueries, k, v, spans(0, queries, 0, keys), form);
        assertSameBits(whole.rowRange(keys - queries, keys), last);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void bitsDoNotDependOnThreadsOrOtherSequences(AttentionForm form) {
    Shape shape = new Shape(24, 400, 400, 200, spans(0, 200, 0, 200, 200, 400, 200, 400));
    FloatMatrix q = queries(shape, form);
    FloatMatrix k = keys(shape, form);
    FloatMatrix v = keys(shape, form);
    FloatMatrix dOut = queries(shape, form);
    List<FloatMatrix> both = run(vector, dOut, q, k, v, shape.spans(), form);
    try (WorkerPool alone = new WorkerPool(1)) {
      List<FloatMatrix> second =
          run(new VectorKernels(alone), dOut, q, k, v, spans(200, 400, 200, 400), form);
      for (int i = 0; i < both.size(); i++) {
        assertSameBits(both.get(i).rowRange(200, 400), second.get(i).rowRange(200, 400));
      }
    }
  }

  private static List<FloatMatrix> run(
      Kernels kernels,
      FloatMatrix dOut,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    FloatMatrix out = empty(q.rows(), q.cols());
    FloatMatrix dq = empty(q.rows(), q.cols());
    FloatMatrix dk = empty(k.rows(), k.cols());
    FloatMatrix dv = empty(k.rows(), k.cols());
    kernels.attention(out, q, k, v, spans, form);
    kernels.attentionBackward(dq, dk, dv, dOut, q, k, v, spans, form);
    return List.of(out, dq, dk, dv);
  }

  @Test
  void aLongTextIsTheReference() {
    AttentionForm form = AttentionForm.causal(1, 1, 0.2f);
    Shape shape = new Shape(9, 700, 700, 700, spans(0, 700, 0, 700));
    FloatMatrix q = queries(shape, form);
    FloatMatrix k = keys(shape, form);
    FloatMatrix v = keys(shape, form);
    compare(
        List.of(queries(shape, form)),
        (kernels, out) -> kernels.attention(out.getFirst(), q, k, v, shape.spans(), form));
  }
}
