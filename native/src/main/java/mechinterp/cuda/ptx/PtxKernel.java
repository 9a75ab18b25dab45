package mechinterp.cuda.ptx;

import java.util.List;
import java.util.Map;

/**
 * A kernel.
 *
 * @param module the name of the module that it is of
 * @param name its entry point
 * @param parameters in the order of the launch's arguments
 * @param variables in shared and local memory
 * @param registers how many it uses; they are numbered from 0
 * @param labels the number of the instruction that each stands before
 * @param instructions in the order of the file
 */
public record PtxKernel(
    String module,
    String name,
    List<PtxVariable> parameters,
    List<PtxVariable> variables,
    int registers,
    Map<String, Integer> labels,
    List<PtxInstruction> instructions) {
  /** Keeps the collections. */
  public PtxKernel {
    parameters = List.copyOf(parameters);
    variables = List.copyOf(variables);
    labels = Map.copyOf(labels);
    instructions = List.copyOf(instructions);
  }
}
