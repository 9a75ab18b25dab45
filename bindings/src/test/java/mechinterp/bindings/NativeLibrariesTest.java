package mechinterp.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.NoSuchElementException;
import java.util.Optional;
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

  @ParameterizedTest
  @MethodSource("libraries")
  void theGeneratedClassesCanBeMadeWithAndWithoutTheLibraries(NativeLibrary library) {
    assertEquals(0, CudaDriver.CUDA_SUCCESS());
    assertEquals(0, Cublas.CUBLAS_STATUS_SUCCESS());
    NoSuchElementException none =
        assertThrows(
            NoSuchElementException.class,
            () -> new CudaDriver(new NativeLibrary.NoSymbols("nowhere")).cuInit(0));
    assertEquals("cuInit: nowhere", none.getMessage());
    assertTrue(new Cublas(library.symbols()).toString().contains("Cublas"));
  }

  @Test
  void theGeneratedClassesReachTheLibraryWhenItIsThere() {
    if (NativeLibraries.cuda() instanceof NativeLibrary.Found found) {
      assertEquals(
          found.symbols().findOrThrow("cuInit"), new CudaDriver(found.symbols()).cuInit$address());
    }
  }

  @Test
  void instancesCallTheLibraryThatTheyWereMadeOf() throws ReflectiveOperationException {
    assertEquals(3, new CudaDriver(answering(3)).cuInit(0));
    assertEquals(100, new CudaDriver(answering(100)).cuInit(0));
  }

  /** A library whose cuInit is a Java method. */
  private static SymbolLookup answering(int status) throws ReflectiveOperationException {
    MethodHandle answer =
        MethodHandles.dropArguments(MethodHandles.constant(int.class, status), 0, int.class);
    MemorySegment stub =
        Linker.nativeLinker().upcallStub(answer, CudaDriver.cuInit$descriptor(), Arena.ofAuto());
    return name -> name.equals("cuInit") ? Optional.of(stub) : Optional.empty();
  }
}
