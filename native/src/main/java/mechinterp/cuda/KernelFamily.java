package mechinterp.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import mechinterp.cuda.ptx.PtxModule;

/**
 * The CUDA kernels that we ship, a file for each family. Every kernel that is more than one line an
 * element has a twin of the same name with {@code _naive}, which computes the same by definition.
 */
public enum KernelFamily {
  /** Casts to bfloat16 and back. */
  CASTS,
  /** Sums, products and activation functions, element by element. */
  ELEMENTWISE,
  /** Layer norm and RMS norm. */
  NORMS,
  /** Softmax and its gradient. */
  SOFTMAX,
  /** Decoding of sparse codes and its gradient. */
  SPARSE,
  /** The k largest of each row. */
  TOPK;

  /** Returns the file's name, such as {@code topk.ptx}. */
  public String fileName() {
    return name().toLowerCase(Locale.ROOT) + ".ptx";
  }

  /** Returns the PTX for compute capability 8.0 and newer, as the driver loads it. */
  public String ptx() {
    try (InputStream file = KernelFamily.class.getResourceAsStream(fileName())) {
      if (file == null) {
        throw new IllegalStateException(fileName() + ": the resource is missing");
      }
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the PTX, read. */
  public PtxModule module() {
    return PtxModule.parse(fileName(), ptx());
  }
}
