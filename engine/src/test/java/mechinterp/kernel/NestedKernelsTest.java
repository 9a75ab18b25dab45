package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.get;
import static mechinterp.kernel.TestMatrices.getInt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parts of the latents, by the reference against its definition and by vectors against both. */
@Tag("kernels")
class NestedKernelsTest {
  private static final int TOKENS = 37;
  private static final int CAPACITY = 20;
  private static final int LATENTS = 90;

  private final Kernels scalar = new CheckedKernels(new ScalarKernels());
  private final TestMatrices matrices = new TestMatrices(12);
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

  @ParameterizedTest
  @CsvSource({"0, 90, 19", "0, 0, 16", "0, 30, 1", "30, 31, 33", "77, 90, 64"})
  void latentsOfARangeAreAdded(int first, int end, int width) {
    SparseCodes codes = matrices.codes(TOKENS, CAPACITY, LATENTS);
    FloatMatrix decoder = matrices.gaussian(LATENTS, width);
    FloatMatrix before = matrices.gaussian(TOKENS, width);
    FloatMatrix found = TestMatrices.copyOf(before);
    scalar.nested().addLatents(found, codes, first, end, decoder);
    for (int t = 0; t < TOKENS; t++) {
      for (int j = 0; j < width; j++) {
        double expected = get(before, t, j);
        for (int slot = 0; slot < getInt(codes.counts(), t, 0); slot++) {
          int latent = getInt(codes.indices(), t, slot);
          boolean counts = latent >= first && latent < end;
          expected += counts ? get(codes.values(), t, slot) * get(decoder, latent, j) : 0;
        }
        assertEquals(expected, get(found, t, j), 1e-4);
      }
    }
    FloatMatrix fast = TestMatrices.copyOf(before);
    vector().nested().addLatents(fast, codes, first, end, decoder);
    TestMatrices.assertClose(found, fast, 1e-5);
  }

  @ParameterizedTest
  @CsvSource({"0, 90, 19", "0, 0, 16", "0, 30, 1", "30, 31, 33", "77, 90, 64"})
  void onlyTheSlotsOfARangeHaveNewGradients(int first, int end, int width) {
    SparseCodes codes = matrices.codes(TOKENS, CAPACITY, LATENTS);
    FloatMatrix decoder = matrices.gaussian(LATENTS, width);
    FloatMatrix dOut = matrices.gaussian(TOKENS, width);
    FloatMatrix before = matrices.gaussian(TOKENS, CAPACITY);
    FloatMatrix all = TestMatrices.empty(TOKENS, CAPACITY);
    scalar.codeGradients(all, codes, dOut, decoder);
    FloatMatrix found = TestMatrices.copyOf(before);
    scalar.nested().codeGradients(found, codes, first, end, dOut, decoder);
    for (int t = 0; t < TOKENS; t++) {
      for (int slot = 0; slot < CAPACITY; slot++) {
        int latent = getInt(codes.indices(), t, slot);
        boolean counts = slot < getInt(codes.counts(), t, 0) && latent >= first && latent < end;
        assertEquals(get(counts ? all : before, t, slot), get(found, t, slot), 1e-6);
      }
    }
    FloatMatrix fast = TestMatrices.copyOf(before);
    vector().nested().codeGradients(fast, codes, first, end, dOut, decoder);
    TestMatrices.assertClose(found, fast, 1e-4);
  }

  @Test
  void latentsThatAreNotThereAreRefused() {
    SparseCodes codes = matrices.codes(4, 2, 3);
    FloatMatrix out = matrices.gaussian(4, 5);
    assertEquals(
        "addLatents: latents 2 to 4, codes have 3; they must rise and be among those",
        Refusal.of(
            IllegalArgumentException.class,
            () -> scalar.nested().addLatents(out, codes, 2, 4, matrices.gaussian(3, 5))));
    assertEquals(
        "codeGradients: latents 2 to 1, codes have 3; they must rise and be among those",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                scalar
                    .nested()
                    .codeGradients(
                        matrices.gaussian(4, 2), codes, 2, 1, out, matrices.gaussian(3, 5))));
  }
}
