package mechinterp.cuda.simulator;

import java.util.HashMap;
import java.util.Map;
import mechinterp.cuda.ptx.PtxKernel;
import mechinterp.cuda.ptx.PtxModule;
import mechinterp.cuda.ptx.PtxVariable;

/**
 * A GPU that runs PTX on the CPU, one block after the other. What a launch does wrong ends it with
 * a {@link SimulatorException}; what it has written until then stays. Not for several threads at
 * once.
 *
 * <p>It computes what the PTX says: sums, products, quotients and roots have a GPU's bits; results
 * of instructions that PTX calls approximate may differ from a GPU's in the last bits.
 */
public final class Simulator {
  private static final long MAX_STEPS = 200_000_000;
  private static final int MAX_SHARED_BYTES = 163 * 1024;

  private final GlobalMemory memory = new GlobalMemory();
  private final LaunchOrder order;
  private final long maxSteps;

  /** With blocks and warps in the given order. */
  public Simulator(LaunchOrder order) {
    this(order, MAX_STEPS);
  }

  /**
   * With a limit to the instructions of a block.
   *
   * @param maxSteps instructions of all its warps together after which it counts as endless
   */
  public Simulator(LaunchOrder order, long maxSteps) {
    this.order = order;
    this.maxSteps = maxSteps;
  }

  /** Returns the device's memory. */
  public GlobalMemory memory() {
    return memory;
  }

  /** Makes a module's kernels ready; its variables get their place and first content. */
  public LoadedModule load(PtxModule module) {
    Map<String, Long> globals = new HashMap<>();
    for (PtxVariable variable : module.variables()) {
      if (variable.space() == PtxVariable.Space.SHARED) {
        continue;
      }
      byte[] initial = variable.initial().toArray();
      byte[] content = initial.length == 0 ? new byte[variable.bytes()] : initial;
      globals.put(
          variable.name(),
          variable.space() == PtxVariable.Space.CONST
              ? memory.allocateConstant(content)
              : memory.allocate(content));
    }
    return new LoadedModule(module, globals);
  }

  /**
   * A module with the addresses of its variables.
   *
   * @param module as read
   * @param globals address of each variable in the device's memory
   */
  public record LoadedModule(PtxModule module, Map<String, Long> globals) {
    /** Keeps the map. */
    public LoadedModule {
      globals = Map.copyOf(globals);
    }
  }

  /**
   * Runs a kernel to its end.
   *
   * @throws SimulatorException when the kernel does something wrong
   * @throws mechinterp.cuda.ptx.PtxException when it has an instruction that is not supported
   * @throws IllegalArgumentException when there is no such kernel, or arguments or launch do not
   *     fit
   */
  public void launch(LoadedModule loaded, String name, Launch launch, KernelArguments arguments) {
    PtxKernel kernel = loaded.module().kernel(name);
    Program program = new ProgramBuilder(loaded.module(), kernel, loaded.globals()).build();
    int sharedBytes = program.layout().staticBytes() + launch.sharedBytes();
    if (sharedBytes > MAX_SHARED_BYTES) {
      throw new IllegalArgumentException(
          "%s: %d bytes of shared memory; a block can have %d"
              .formatted(name, sharedBytes, MAX_SHARED_BYTES));
    }
    CheckedBytes parameters = program.parameters().lay(name, arguments);
    long blocks = launch.blocks().count();
    for (long turn = 0; turn < blocks; turn++) {
      long number = order == LaunchOrder.FORWARD ? turn : blocks - 1 - turn;
      BlockMemory blockMemory =
          new BlockMemory(
              memory,
              new SharedMemory(program.layout(), launch.sharedBytes()),
              parameters,
              program.localBytes(),
              launch.threads());
      Dimensions block = launch.blocks().place(number);
      new BlockRun(kernel, program, blockMemory, launch, block, new StepLimit(maxSteps)).run(order);
    }
  }
}
