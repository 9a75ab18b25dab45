package mechinterp.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** Decoding and gradients of some latents, on a simulated GPU. */
@Tag("kernels")
class CudaNestedKernelsTest extends NestedKernelsTest {
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
