package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertSameCodes;
import static mechinterp.kernel.TestMatrices.emptyCodes;
import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.getInt;
import static mechinterp.kernel.TestMatrices.set;
import static mechinterp.kernel.TestMatrices.setInt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is active, by the reference on small numbers and by vectors against the reference. */
@Tag("kernels")
class SelectionKernelsTest {
  private final Kernels scalar = new CheckedKernels(new ScalarKernels());
  private final TestMatrices matrices = new TestMatrices(11);
  private final WorkerPool workers = new WorkerPool(3);

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  /** Returns the kernels that are compared with the reference. */
  Kernels vector() {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    return new CheckedKernels(new VectorKernels(workers));
  }

  private static SparseCodes encode(
      Kernels kernels, FloatMatrix x, FloatMatrix weights, FloatMatrix bias, FloatMatrix limits) {
    PackedMatrix packed = kernels.allocatePacked(x.cols(), weights.rows());
    kernels.pack(packed, weights, Operand.TRANSPOSED);
    SparseCodes codes = emptyCodes(x.rows(), weights.rows(), weights.rows());
    kernels.selection().encodeAbove(codes, x, packed, bias, limits);
    return codes;
  }

  @Test
  void whatIsAboveItsThresholdIsActive() {
    FloatMatrix x = TestMatrices.of(new float[] {1, 2}, new float[] {-1, 0});
    FloatMatrix weights =
        TestMatrices.of(new float[] {1, 0}, new float[] {0, 1}, new float[] {1, 1});
    SparseCodes codes =
        encode(
            scalar,
            x,
            weights,
            TestMatrices.of(new float[] {0, 0, 1}),
            TestMatrices.of(new float[] {1, 1.5f, 0}));

    assertEquals(List.of("1=2.0", "2=4.0"), entries(codes, 0));
    assertEquals(List.of(), entries(codes, 1), "1 - 1 is not above 0");
  }

  private static List<String> entries(SparseCodes codes, int row) {
    List<String> entries = new ArrayList<>();
    for (int slot = 0; slot < getInt(codes.counts(), row, 0); slot++) {
      entries.add(getInt(codes.indices(), row, slot) + "=" + get(codes.values(), row, slot));
    }
    return entries;
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 5, 17", "37, 19, 100", "200, 64, 515", "1300, 8, 33"})
  void vectorsFindWhatTheReferenceFinds(int tokens, int dIn, int latents) {
    FloatMatrix x = matrices.gaussian(tokens, dIn);
    FloatMatrix weights = matrices.gaussian(latents, dIn);
    FloatMatrix bias = matrices.gaussian(1, latents);
    FloatMatrix limits = matrices.gaussian(1, latents);
    scalar.multiply(limits, limits, limits);

    assertSameCodes(
        encode(scalar, x, weights, bias, limits), encode(vector(), x, weights, bias, limits), 1e-4);
  }

  private static SparseCodes codes(float[]... rows) {
    SparseCodes codes = emptyCodes(rows.length, 4, 9);
    for (int t = 0; t < rows.length; t++) {
      for (int slot = 0; slot < rows[t].length; slot++) {
        setInt(codes.indices(), t, slot, 2 * slot + 1);
        set(codes.values(), t, slot, rows[t][slot]);
      }
      setInt(codes.counts(), t, 0, rows[t].length);
    }
    return codes;
  }

  @Test
  void theLargestOfAllRowsStayAndOfEqualsTheFirst() {
    SparseCodes codes =
        codes(new float[] {3, 1, 2}, new float[] {2, 5}, new float[] {}, new float[] {2});
    scalar.selection().keepLargest(codes, 4);

    assertEquals(List.of("1=3.0", "5=2.0"), entries(codes, 0));
    assertEquals(List.of("1=2.0", "3=5.0"), entries(codes, 1));
    assertEquals(List.of(), entries(codes, 2));
    assertEquals(List.of(), entries(codes, 3));
    assertEquals(0, get(codes.values(), 3, 0), "unused slots are cleared");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 40, 41, 300, 100_000})
  void vectorsKeepWhatTheReferenceKeeps(long count) {
    for (int seed = 0; seed < 3; seed++) {
      TestMatrices drawn = new TestMatrices(seed);
      SparseCodes expected = drawn.codes(61, 20, 90);
      SparseCodes found = new TestMatrices(seed).codes(61, 20, 90);
      scalar.selection().keepLargest(expected, count);
      vector().selection().keepLargest(found, count);

      assertSameCodes(expected, found, 0);
      int kept = IntStream.range(0, 61).map(t -> getInt(found.counts(), t, 0)).sum();
      assertTrue(kept <= count, "kept " + kept);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 5, 6, 7, 11, 12, 13})
  void vectorsDecideBetweenEqualsAsTheReference(long count) {
    float[][] rows = {{1, 2, 2, 1}, {2, 1}, {2, 2, 2}, {1, 1, 3}};
    SparseCodes expected = codes(rows);
    SparseCodes found = codes(rows);
    scalar.selection().keepLargest(expected, count);
    vector().selection().keepLargest(found, count);

    assertSameCodes(expected, found, 0);
    int kept = IntStream.range(0, rows.length).map(t -> getInt(found.counts(), t, 0)).sum();
    assertEquals(Math.min(count, 12), kept);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 19, 20})
  void vectorsKeepTheLargestOfEachRowAsTheReferenceDoes(int k) {
    SparseCodes codes = matrices.codes(61, 20, 90);
    SparseCodes expected = emptyCodes(61, k, 90);
    SparseCodes found = emptyCodes(61, k, 90);
    scalar.selection().keepLargestOfEach(expected, codes, k);
    vector().selection().keepLargestOfEach(found, codes, k);

    assertSameCodes(expected, found, 0);
    for (int t = 0; t < 61; t++) {
      assertEquals(Math.min(k, getInt(codes.counts(), t, 0)), getInt(found.counts(), t, 0));
    }
  }

  @Test
  void ofEqualsInARowTheLowestLatentsStay() {
    SparseCodes codes =
        codes(new float[] {1, 2, 1, 1}, new float[] {4, 4, 4}, new float[] {}, new float[] {7});
    for (Kernels kernels : List.of(scalar, vector())) {
      SparseCodes out = emptyCodes(4, 2, 9);
      kernels.selection().keepLargestOfEach(out, codes, 2);
      assertEquals(List.of("1=1.0", "3=2.0"), entries(out, 0));
      assertEquals(List.of("1=4.0", "3=4.0"), entries(out, 1));
      assertEquals(List.of(), entries(out, 2));
      assertEquals(List.of("1=7.0"), entries(out, 3));
    }
  }

  private static SparseCodes groupMax(
      Kernels kernels, FloatMatrix x, FloatMatrix weights, FloatMatrix bias, int k) {
    PackedMatrix packed = kernels.allocatePacked(x.cols(), weights.rows());
    kernels.pack(packed, weights, Operand.TRANSPOSED);
    SparseCodes codes = emptyCodes(x.rows(), k + 1, weights.rows());
    kernels.selection().encodeGroupMax(codes, x, packed, bias, k);
    return codes;
  }

  @Test
  void theLargestPositiveOfEachGroupIsActive() {
    FloatMatrix x = TestMatrices.of(new float[] {1, 1}, new float[] {-1, 2});
    FloatMatrix weights =
        TestMatrices.of(
            new float[] {1, 0},
            new float[] {0, 1},
            new float[] {1, 0},
            new float[] {-3, 0},
            new float[] {0, -1},
            new float[] {0, -2});
    FloatMatrix bias = TestMatrices.of(new float[] {0, 0, 0, 0, 0, 0});
    for (Kernels kernels : List.of(scalar, vector())) {
      SparseCodes codes = groupMax(kernels, x, weights, bias, 2);
      assertEquals(List.of("0=1.0"), entries(codes, 0), "of equals the lowest, and none below 0");
      assertEquals(List.of("1=2.0", "3=3.0"), entries(codes, 1));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1, 1", "3, 5, 17, 17", "37, 19, 102, 6", "200, 64, 516, 4", "1300, 8, 33, 11"})
  void vectorsFindTheMaximaOfGroupsThatTheReferenceFinds(int tokens, int dIn, int latents, int k) {
    FloatMatrix x = matrices.gaussian(tokens, dIn);
    FloatMatrix weights = matrices.gaussian(latents, dIn);
    FloatMatrix bias = matrices.gaussian(1, latents);
    assertSameCodes(
        groupMax(scalar, x, weights, bias, k), groupMax(vector(), x, weights, bias, k), 1e-4);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    FloatMatrix row = matrices.gaussian(1, 3);
    PackedMatrix packed = scalar.allocatePacked(2, 3);
    scalar.pack(packed, matrices.gaussian(3, 2), Operand.TRANSPOSED);
    FloatMatrix x = matrices.gaussian(4, 2);

    assertEquals(
        "encodeAbove: codes hold 2 of 3 latents, the encoder has 3; they must hold all, and the latents must be equal",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.selection().encodeAbove(emptyCodes(4, 2, 3), x, packed, row, row)));
    assertEquals(
        "encodeGroupMax: k is 2, the encoder has 3 latents; they must be a multiple of k",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.selection().encodeGroupMax(emptyCodes(4, 2, 3), x, packed, row, 2)));
    assertEquals(
        "keepLargest: count is -1; it must not be negative",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.selection().keepLargest(emptyCodes(4, 2, 3), -1)));
    assertEquals(
        "keepLargestOfEach: k is 3, codes of 3 latents, out holds 2 of 3; k must be at least 1, out must hold k, and the latents must be equal",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                scalar.selection().keepLargestOfEach(emptyCodes(4, 2, 3), emptyCodes(4, 2, 3), 3)));
  }
}
