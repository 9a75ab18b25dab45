package mechinterp.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** Arithmetic on slots of codes, on a simulated GPU. */
@Tag("kernels")
class CudaCodeKernelsTest extends CodeKernelsTest {
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
