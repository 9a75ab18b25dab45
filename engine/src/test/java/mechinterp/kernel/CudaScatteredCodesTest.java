package mechinterp.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** Codes that are brought together, on a simulated GPU. */
@Tag("kernels")
class CudaScatteredCodesTest extends ScatteredCodesTest {
  private final OnGpu gpu = new OnGpu();

  @Override
  List<Kernels> both() {
    return List.of(new CheckedKernels(new ScalarKernels()), gpu.kernels());
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), gpu.closeAndFindLeaks());
  }
}
