package mechinterp.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import mechinterp.bindings.cublas.Cublas;
import mechinterp.bindings.cuda.CudaDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds on machines with and without CUDA. */
final class NativeLibrariesTest {

  static Stream<NativeLibrary> libraries() {
    return Stream.of(NativeLibraries.cuda(), NativeLibraries.cublas());
  }

  @ParameterizedTest
  @MethodSource("libraries")
  void answersWithTheLibraryOrAReasonThatHelps(NativeLibrary library) {
    switch (library) {
      case NativeLibrary.Found found -> assertTrue(found.path().contains("libcu"), found.path());
      case NativeLibrary.Missing missing -> {
        assertTrue(missing.reason().contains("java.library.path"), missing.reason());
        assertTrue(missing.reason().contains("/usr/local/cuda/lib64"), missing.reason());
        assertTrue(missing.reason().contains("-Dmechinterp.cu"), missing.reason());
      }
    }
  }

  @Test
  void looksOnlyOnce() {
    assertSame(NativeLibraries.cuda(), NativeLibraries.cuda());
    assertSame(NativeLibraries.cublas(), NativeLibraries.cublas());
  }

  @Test
  void theGeneratedClassesInitialiseWithAndWithoutTheLibraries() {
    assertEquals(0, CudaDriver.CUDA_SUCCESS());
    assertEquals(0, Cublas.CUBLAS_STATUS_SUCCESS());
  }

  @Test
  void theGeneratedClassesReachTheLibraryWhenItIsThere() {
    if (NativeLibraries.cuda() instanceof NativeLibrary.Found found) {
      assertEquals(found.symbols().findOrThrow("cuInit"), CudaDriver.cuInit$address());
    }
  }
}
