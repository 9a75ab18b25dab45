package mechinterp.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * An installed OpenBLAS, called through the Foreign Function API: what our products are measured
 * against. Found by the system property {@code mechinterp.openblas} or under its usual names. Its
 * kernels follow {@code OPENBLAS_CORETYPE}, which the environment must set before the JVM starts:
 * its own detection can pick slow ones.
 */
final class OpenBlas {
  private static final List<String> NAMES =
      List.of("libopenblas.so.0", "libopenblas.so", "libopenblas.dylib");
  private static final int ROW_MAJOR = 101;
  private static final int AS_IS = 111;
  private static final int TRANSPOSED = 112;

  private final MethodHandle sgemm;
  private final String coreType;

  @SuppressWarnings("restricted")
  private OpenBlas(SymbolLookup library, int threads) {
    Linker linker = Linker.nativeLinker();
    sgemm =
        linker.downcallHandle(
            library.findOrThrow("cblas_sgemm"),
            FunctionDescriptor.ofVoid(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_FLOAT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_FLOAT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT));
    MethodHandle setThreads =
        linker.downcallHandle(
            library.findOrThrow("openblas_set_num_threads"),
            FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    MethodHandle coreName =
        linker.downcallHandle(
            library.findOrThrow("openblas_get_corename"),
            FunctionDescriptor.of(ValueLayout.ADDRESS));
    try {
      setThreads.invokeExact(threads);
      MemorySegment name = (MemorySegment) coreName.invokeExact();
      coreType = name.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new IllegalStateException("openblas: call failed", e);
    }
  }

  /** Returns the library with that many threads, or nothing where none is installed. */
  static Optional<OpenBlas> find(int threads) {
    String chosen = System.getProperty("mechinterp.openblas");
    List<String> names = chosen == null ? NAMES : List.of(chosen);
    return names.stream()
        .flatMap(name -> load(name).stream())
        .findFirst()
        .map(library -> new OpenBlas(library, threads));
  }

  @SuppressWarnings("restricted")
  private static Optional<SymbolLookup> load(String name) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Returns the name of the CPU whose kernels it uses. */
  String coreType() {
    return coreType;
  }

  /**
   * c [m, n] = a [m, k] b, where b is [k, n] as stored or [n, k] transposed; all without gaps in
   * native memory.
   */
  void multiply(
      MemorySegment c, MemorySegment a, MemorySegment b, boolean transposedB, int m, int n, int k) {
    try {
      sgemm.invokeExact(
          ROW_MAJOR,
          AS_IS,
          transposedB ? TRANSPOSED : AS_IS,
          m,
          n,
          k,
          1f,
          a,
          k,
          b,
          transposedB ? k : n,
          0f,
          c,
          n);
    } catch (Throwable e) {
      throw new IllegalStateException("openblas: sgemm failed", e);
    }
  }
}
