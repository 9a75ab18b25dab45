package mechinterp.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** The kernels of transformers, on a simulated GPU. */
@Tag("kernels")
class CudaTransformerKernelsTest extends VectorTransformerTest {
  private final OnGpu gpu = new OnGpu();

  @Override
  Kernels tested(WorkerPool workers) {
    return gpu.kernels();
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), gpu.closeAndFindLeaks());
  }
}
