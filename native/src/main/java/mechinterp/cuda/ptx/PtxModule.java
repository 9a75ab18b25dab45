package mechinterp.cuda.ptx;

import java.util.List;
import java.util.Map;

/**
 * A file of PTX.
 *
 * @param name for messages, such as {@code topk.ptx}
 * @param version of PTX, such as {@code 7.8}
 * @param target the least architecture, such as {@code sm_80}
 * @param variables of the whole module
 * @param kernels by name
 */
public record PtxModule(
    String name,
    String version,
    String target,
    List<PtxVariable> variables,
    Map<String, PtxKernel> kernels) {
  /** Keeps the collections. */
  public PtxModule {
    variables = List.copyOf(variables);
    kernels = Map.copyOf(kernels);
  }

  /**
   * Reads PTX.
   *
   * @param name for messages
   * @param text the file's content
   * @throws PtxException when it cannot be read
   */
  public static PtxModule parse(String name, String text) {
    return new PtxParser(name, text).module();
  }

  /**
   * Returns a kernel.
   *
   * @throws IllegalArgumentException when there is none of this name
   */
  public PtxKernel kernel(String kernel) {
    PtxKernel found = kernels.get(kernel);
    if (found == null) {
      throw new IllegalArgumentException(
          name
              + ": no kernel "
              + kernel
              + "; it has "
              + kernels.keySet().stream().sorted().toList());
    }
    return found;
  }
}
