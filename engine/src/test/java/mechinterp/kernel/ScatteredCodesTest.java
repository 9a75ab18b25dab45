package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.getInt;
import static mechinterp.kernel.TestMatrices.setInt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Codes that are brought to their places, and numbers of tokens. */
@Tag("kernels")
class ScatteredCodesTest {
  private static final int TOKENS = 37;

  private final Kernels scalar = new CheckedKernels(new ScalarKernels());
  private final TestMatrices matrices = new TestMatrices(15);
  private final WorkerPool workers = new WorkerPool(3);

  @AfterEach
  void stopWorkers() {
    workers.close();
  }

  /** Returns the reference and the kernels that are compared with it. */
  List<Kernels> both() {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        "no vector module in this run: the scalar kernels are all there is");
    return List.of(scalar, new CheckedKernels(new VectorKernels(workers)));
  }

  @Test
  void rowsComeToTheirPlacesAndTheOthersStay() {
    SparseCodes part = matrices.codes(5, 3, 11);
    int[] places = {36, 2, 17, 0, 9};
    IntMatrix rows = TestMatrices.ints(1, places.length);
    for (int j = 0; j < places.length; j++) {
      setInt(rows, 0, j, places[j]);
    }
    for (Kernels kernels : both()) {
      SparseCodes before = new TestMatrices(16).codes(TOKENS, 4, 40);
      SparseCodes out = new TestMatrices(16).codes(TOKENS, 4, 40);
      kernels.codes().scatter(out, part, rows, 29);
      for (int t = 0; t < TOKENS; t++) {
        int from = List.of(36, 2, 17, 0, 9).indexOf(t);
        SparseCodes expected = from < 0 ? before : part;
        int row = from < 0 ? t : from;
        int count = getInt(expected.counts(), row, 0);
        assertEquals(count, getInt(out.counts(), t, 0));
        for (int slot = 0; slot < 4; slot++) {
          boolean active = slot < count;
          int latent = active ? getInt(expected.indices(), row, slot) : 0;
          assertEquals(active && from >= 0 ? latent + 29 : latent, latent(out, t, slot));
          assertEquals(active ? get(expected.values(), row, slot) : 0, get(out.values(), t, slot));
        }
      }
    }
  }

  private static int latent(SparseCodes codes, int token, int slot) {
    return getInt(codes.indices(), token, slot);
  }

  @Test
  void rowsAreMultipliedWithNumbersOfTheirOwn() {
    FloatMatrix x = matrices.gaussian(TOKENS, 7);
    FloatMatrix factors = matrices.gaussian(TOKENS, 1);
    for (Kernels kernels : both()) {
      FloatMatrix inPlace = TestMatrices.copyOf(x);
      kernels.codes().scaleRows(inPlace, inPlace, factors);
      for (int t = 0; t < TOKENS; t++) {
        for (int j = 0; j < 7; j++) {
          assertEquals(get(x, t, j) * get(factors, t, 0), get(inPlace, t, j));
        }
      }
    }
  }

  @Test
  void codesOfSeveralDictionariesBecomeThoseOfOne() {
    List<SparseCodes> parts =
        List.of(
            matrices.codes(TOKENS, 4, 11),
            matrices.codes(TOKENS, 2, 7),
            matrices.codes(TOKENS, 3, 5));
    for (Kernels kernels : both()) {
      SparseCodes out = new TestMatrices(16).codes(TOKENS, 10, 23);
      kernels.codes().concatenate(out, parts);
      for (int t = 0; t < TOKENS; t++) {
        int at = 0;
        int before = 0;
        for (SparseCodes part : parts) {
          for (int slot = 0; slot < getInt(part.counts(), t, 0); slot++) {
            assertEquals(before + latent(part, t, slot), latent(out, t, at));
            assertEquals(get(part.values(), t, slot), get(out.values(), t, at));
            at++;
          }
          before += part.latents();
        }
        assertEquals(at, getInt(out.counts(), t, 0));
        for (int slot = at; slot < out.capacity(); slot++) {
          assertEquals(0, latent(out, t, slot));
          assertEquals(0, get(out.values(), t, slot));
        }
      }
    }
    SparseCodes narrow = matrices.codes(TOKENS, 8, 23);
    assertEquals(
        "concatenate: the parts have 9 slots and 23 latents together, out 8 and 23; slots must fit and latents must be equal",
        Refusal.of(
            IllegalArgumentException.class, () -> scalar.codes().concatenate(narrow, parts)));
  }

  @Test
  void codesWithoutRoomAndOtherShapesAreRefused() {
    SparseCodes out = matrices.codes(9, 2, 10);
    SparseCodes part = matrices.codes(3, 2, 5);
    assertEquals(
        "scatter: codes have 2 slots, 5 latents from 6 on, those of all tokens 2 and 10; they must have room",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.codes().scatter(out, part, TestMatrices.ints(1, 3), 6)));
    assertEquals(
        "scatter: rows is [1, 4]; it must be [1, 3]",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.codes().scatter(out, part, TestMatrices.ints(1, 4), 5)));
    FloatMatrix x = matrices.gaussian(3, 2);
    assertEquals(
        "scaleRows: factors is [2, 1]; it must be [3, 1]",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.codes().scaleRows(x, x, matrices.gaussian(2, 1))));
  }
}
