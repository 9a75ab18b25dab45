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
  /** Attention and its gradients without stored scores. */
  ATTENTION,
  /** Casts to bfloat16 and back. */
  CASTS,
  /** Arithmetic on the slots of codes. */
  CODES,
  /** Sums, products, activation functions and rotary embedding, element by element. */
  ELEMENTWISE,
  /** Cross-entropy and divergence of logits. */
  LOSSES,
  /** Layer norm and RMS norm, and their gradients. */
  NORMS,
  /** Gradients of weights from sparse codes, and Adam. */
  OPTIMIZER,
  /** The entries of codes by latent, and sums over them. */
  ORDER,
  /** Attention with its scores written out. */
  PATTERNS,
  /** Non-negative pursuit on a shortlist. */
  PURSUIT,
  /** Sums over rows and columns. */
  ROWS,
  /** Which latents are active, but for the k largest of a row. */
  SELECTION,
  /** Scores of a shortlist. */
  SHORTLIST,
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
