package mechinterp.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** What is active, on a simulated GPU. */
@Tag("kernels")
class CudaSelectionKernelsTest extends SelectionKernelsTest {
  private final OnGpu gpu = new OnGpu();

  @Override
  Kernels vector() {
    return gpu.kernels();
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), gpu.closeAndFindLeaks());
  }
}
