package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.assertSameBits;
import static mechinterp.kernel.TestMatrices.assertSameCodes;
import static mechinterp.kernel.TestMatrices.emptyCodes;
import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.getInt;
import static mechinterp.kernel.TestMatrices.ints;
import static mechinterp.kernel.TestMatrices.setInt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shortlists and what is chosen from them, on small numbers and by vectors. */
@Tag("kernels")
final class ShortlistKernelsTest {
  private final Kernels scalar = new CheckedKernels(new ScalarKernels());
  private final TestMatrices matrices = new TestMatrices(17);
  private final WorkerPool workers = new WorkerPool(3);

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  private Kernels vector() {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    return new CheckedKernels(new VectorKernels(workers));
  }

  private static IntMatrix levels(int rank, int latents, long seed) {
    RandomStream random = RandomStream.of(seed, "levels");
    IntMatrix levels = ints(Math.ceilDiv(latents, 64), 16 * rank);
    for (int p = 0; p < levels.rows(); p++) {
      for (int i = 0; i < levels.cols(); i++) {
        setInt(levels, p, i, (int) random.bits((long) p * levels.cols() + i));
      }
    }
    return levels;
  }

  private record Scores(FloatMatrix y, IntMatrix levels, FloatMatrix scales, FloatMatrix bias) {
    SparseCodes shortlist(Kernels kernels, int m) {
      SparseCodes shortlist = emptyCodes(y.rows(), m + 1, scales.cols());
      kernels.shortlists().quantizedTopK(shortlist, y, levels, scales, bias, m);
      return shortlist;
    }

    Scores row(int t) {
      return new Scores(y.row(t), levels, scales, bias);
    }
  }

  private Scores scores(int tokens, int rank, int latents) {
    FloatMatrix scales = matrices.gaussian(1, latents);
    scalar.multiply(scales, scales, scales);
    scalar.scale(scales, scales, 0.01f);
    return new Scores(
        matrices.gaussian(tokens, rank),
        levels(rank, latents, 5),
        scales,
        matrices.gaussian(1, latents));
  }

  @Test
  void theLargestPositiveScoresAreListed() {
    IntMatrix levels = ints(1, 5 * 16);
    int[][] rows = {{1, 0, 0, 0, 2}, {127, 0, 0, 0, 0}, {0, -128, 0, 3, 1}, {-1, 2, 0, 0, 0}};
    for (int j = 0; j < rows.length; j++) {
      for (int i = 0; i < rows[j].length; i++) {
        int before = getInt(levels, 0, 16 * i);
        setInt(levels, 0, 16 * i, before | ((rows[j][i] & 0xff) << (8 * j)));
      }
    }
    FloatMatrix y = TestMatrices.of(new float[] {2, -1, 100, 1, 0.5f});
    FloatMatrix scales = TestMatrices.of(new float[] {1, 0.25f, 0.5f, 1});
    FloatMatrix bias = TestMatrices.of(new float[] {-1, 0.5f, 0.25f, 4});
    Scores scores = new Scores(y, levels, scales, bias);
    for (Kernels kernels : List.of(scalar, vector())) {
      assertEquals(
          List.of("1=64.0", "2=66.0"), entries(scores.shortlist(kernels, 2)), kernels.name());
      assertEquals(
          List.of("0=2.0", "1=64.0", "2=66.0"),
          entries(scores.shortlist(kernels, 4)),
          "4 - 2 - 2 is not above 0");
    }
  }

  private static List<String> entries(SparseCodes codes) {
    List<String> entries = new ArrayList<>();
    for (int slot = 0; slot < getInt(codes.counts(), 0, 0); slot++) {
      entries.add(getInt(codes.indices(), 0, slot) + "=" + get(codes.values(), 0, slot));
    }
    return entries;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1",
    "1, 4, 33, 7",
    "3, 5, 17, 17",
    "2, 96, 515, 40",
    "5, 67, 2049, 130",
    "1, 30, 4099, 300"
  })
  void vectorsListWithTheBitsOfTheReference(int tokens, int rank, int latents, int m) {
    Scores scores = scores(tokens, rank, latents);
    SparseCodes expected = scores.shortlist(scalar, m);
    SparseCodes found = scores.shortlist(vector(), m);
    assertSameCodes(expected, found, 0);
    assertSameBits(expected.values(), found.values());
  }

  @Test
  void aTokensShortlistDoesNotDependOnTheOthers() {
    Scores scores = scores(9, 21, 700);
    SparseCodes all = scores.shortlist(vector(), 50);
    for (int t = 0; t < 9; t++) {
      assertSameBits(all.values().row(t), scores.row(t).shortlist(vector(), 50).values());
    }
  }

  private static SparseCodes dense(
      Kernels kernels, FloatMatrix x, FloatMatrix weights, FloatMatrix bias, int k) {
    PackedMatrix packed = kernels.allocatePacked(x.cols(), weights.rows());
    kernels.pack(packed, weights, Operand.TRANSPOSED);
    SparseCodes codes = emptyCodes(x.rows(), k, weights.rows());
    kernels.encodeTopK(codes, x, packed, bias, k);
    return codes;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 1",
    "1, 7, 40, 33, 5",
    "3, 64, 100, 64, 64",
    "37, 19, 300, 170, 32",
    "9, 130, 515, 515, 40"
  })
  void whatIsChosenFromAShortlistHasTheEncodersBits(
      int tokens, int dIn, int latents, int listed, int k) {
    FloatMatrix x = matrices.gaussian(tokens, dIn);
    FloatMatrix weights = matrices.gaussian(latents, dIn);
    FloatMatrix bias = matrices.gaussian(1, latents);
    for (Kernels kernels : List.of(scalar, vector())) {
      SparseCodes shortlist = dense(kernels, x, weights, bias, listed);
      SparseCodes expected = dense(kernels, x, weights, bias, k);
      SparseCodes found = emptyCodes(tokens, k, latents);
      kernels.shortlists().encodeListed(found, x, shortlist, weights, bias, k);
      assertSameCodes(expected, found, 0);
      assertSameBits(expected.values(), found.values());
    }
  }

  @Test
  void onlyListedLatentsAreChosen() {
    FloatMatrix x = matrices.gaussian(20, 11);
    FloatMatrix weights = matrices.gaussian(90, 11);
    FloatMatrix bias = matrices.gaussian(1, 90);
    SparseCodes shortlist = matrices.codes(20, 12, 90);
    SparseCodes expected = emptyCodes(20, 6, 90);
    scalar.shortlists().encodeListed(expected, x, shortlist, weights, bias, 6);
    SparseCodes found = emptyCodes(20, 6, 90);
    vector().shortlists().encodeListed(found, x, shortlist, weights, bias, 6);

    assertSameCodes(expected, found, 1e-5);
    for (int t = 0; t < 20; t++) {
      int row = t;
      List<Integer> listed =
          IntStream.range(0, getInt(shortlist.counts(), t, 0))
              .mapToObj(slot -> getInt(shortlist.indices(), row, slot))
              .toList();
      for (int slot = 0; slot < getInt(found.counts(), t, 0); slot++) {
        assertEquals(true, listed.contains(getInt(found.indices(), t, slot)));
        assertEquals(true, get(found.values(), t, slot) > 0);
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Scores scores = scores(2, 5, 8);
    SparseCodes codes = emptyCodes(2, 3, 8);
    assertEquals(
        "quantizedTopK: levels is [1, 8]; it must be [1, 80]",
        refusal(codes, scores.y(), ints(1, 8), scores.scales(), 3));
    assertEquals(
        "quantizedTopK: scales is [1, 5]; it must be [1, 8]",
        refusal(codes, scores.y(), scores.levels(), matrices.gaussian(1, 5), 3));
    assertEquals(
        "quantizedTopK: m is 4, codes hold 3 of 8 latents; it must be at least 1 and codes must"
            + " hold as many",
        refusal(codes, scores.y(), scores.levels(), scores.scales(), 4));
    FloatMatrix x = matrices.gaussian(2, 4);
    FloatMatrix bias = scores.bias();
    assertEquals(
        "encodeListed: weights is [8, 3]; it must be [8, 4]",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                scalar
                    .shortlists()
                    .encodeListed(codes, x, codes, matrices.gaussian(8, 3), bias, 3)));
    assertEquals(
        "encodeListed: codes are of 9 latents, the shortlist is of 8; latents must be equal",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                scalar
                    .shortlists()
                    .encodeListed(
                        emptyCodes(2, 3, 9), x, codes, matrices.gaussian(8, 4), bias, 3)));
  }

  private String refusal(
      SparseCodes codes, FloatMatrix y, IntMatrix levels, FloatMatrix scales, int m) {
    return Refusal.of(
        IllegalArgumentException.class,
        () ->
            scalar
                .shortlists()
                .quantizedTopK(codes, y, levels, scales, matrices.gaussian(1, 8), m));
  }
}
