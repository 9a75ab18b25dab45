package mechinterp.bindings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Finds the CUDA driver and cuBLAS. Each is looked for once, on the first question, in this order:
 *
 * <ol>
 *   <li>the system property, a file: {@value #CUDA_PROPERTY} or {@value #CUBLAS_PROPERTY}. When it
 *       is set nothing else is tried;
 *   <li>the folders of {@code java.library.path};
 *   <li>the system's own loader ({@code LD_LIBRARY_PATH}, the loader's cache);
 *   <li>{@code $CUDA_HOME}, {@code $CUDA_PATH} and the usual folders of CUDA 11.8 to 13 on Linux.
 * </ol>
 *
 * Asking never throws: a machine without CUDA gets {@link NativeLibrary.Missing}. Instances of the
 * generated classes {@code CudaDriver} and {@code Cublas} are made of the symbols of a {@link
 * NativeLibrary.Found}, found here or made elsewhere.
 */
public final class NativeLibraries {

  /** System property: the file of the CUDA driver library. */
  public static final String CUDA_PROPERTY = "mechinterp.cuda.library";

  /** System property: the file of the cuBLAS library. */
  public static final String CUBLAS_PROPERTY = "mechinterp.cublas.library";

  private NativeLibraries() {}

  /** The CUDA driver, {@code libcuda}. */
  public static NativeLibrary cuda() {
    return Cuda.LIBRARY;
  }

  /** The cuBLAS library of a CUDA toolkit, {@code libcublas}. */
  public static NativeLibrary cublas() {
    return Cublas.LIBRARY;
  }

  private static NativeLibrary search(String property, List<String> fileNames) {
    return new LibrarySearch(
            property,
            Optional.ofNullable(System.getProperty(property)),
            fileNames,
            LibraryFolders.ofJavaLibraryPath(),
            LibraryFolders.ofCuda(Path.of("/"), System.getenv()))
        .run();
  }

  private static final class Cuda {
    static final NativeLibrary LIBRARY =
        search(CUDA_PROPERTY, List.of("libcuda.so.1", "libcuda.so"));
  }

  private static final class Cublas {
    static final NativeLibrary LIBRARY =
        search(
            CUBLAS_PROPERTY,
            List.of("libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"));
  }
}
