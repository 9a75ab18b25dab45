package mechinterp.cuda.simulator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mechinterp.cuda.ptx.PtxException;
import mechinterp.cuda.ptx.PtxInstruction;
import mechinterp.cuda.ptx.PtxKernel;
import mechinterp.cuda.ptx.PtxModule;
import mechinterp.cuda.ptx.PtxOperand;
import mechinterp.cuda.ptx.PtxVariable;

/**
 * Makes a kernel ready to run: finds the registers of its operands, the places of its variables.
 */
final class ProgramBuilder {
  private final PtxKernel kernel;
  private final SharedLayout layout;
  private final ParameterLayout parameters;
  private final Map<String, Long> symbols = new HashMap<>();
  private final Map<String, Space> spaces = new HashMap<>();
  private final Map<Long, Integer> constants = new HashMap<>();
  private final Map<String, Integer> specials = new HashMap<>();
  private int registers;
  private int localBytes;

  /**
   * For one kernel.
   *
   * @param globals the addresses of the module's variables in the device's memory
   */
  ProgramBuilder(PtxModule module, PtxKernel kernel, Map<String, Long> globals) {
    this.kernel = kernel;
    this.registers = kernel.registers();
    layout = new SharedLayout(module, kernel);
    parameters = new ParameterLayout(kernel.parameters());
    globals.forEach((name, address) -> define(name, address, Space.GLOBAL));
    layout.addresses().forEach((name, address) -> define(name, address, Space.SHARED));
    parameters.offsets().forEach((name, offset) -> define(name, offset, Space.PARAM));
    for (PtxVariable variable : kernel.variables()) {
      if (variable.space() == PtxVariable.Space.LOCAL) {
        int alignment = variable.alignment();
        localBytes = (localBytes + alignment - 1) / alignment * alignment;
        define(variable.name(), localBytes, Space.LOCAL);
        localBytes += variable.bytes();
      }
    }
  }

  private void define(String name, long address, Space space) {
    symbols.put(name, address);
    spaces.put(name, space);
  }

  Program build() {
    List<Step> steps = new ArrayList<>();
    for (PtxInstruction instruction : kernel.instructions()) {
      steps.add(step(instruction));
    }
    return new Program(steps, registers, constants, specials, layout, localBytes, parameters);
  }

  private Step step(PtxInstruction instruction) {
    Decoding decoding = new Decoding(this, instruction);
    return switch (instruction.opcode()) {
      case "bra" -> {
        decoding.allow("uni");
        yield new Step.Branch(instruction, target(instruction));
      }
      case "ret", "exit" -> {
        decoding.allow("uni");
        yield new Step.Exit(instruction);
      }
      case "bar", "barrier" -> barrier(instruction, decoding);
      case "shfl", "vote", "match", "redux" -> WarpInstructions.decode(decoding);
      default -> new Step.Compute(instruction, InstructionSet.decode(decoding));
    };
  }

  private int target(PtxInstruction instruction) {
    if (instruction.operands().getFirst() instanceof PtxOperand.Symbol(String label, long _)) {
      Integer target = kernel.labels().get(label);
      if (target != null) {
        return target;
      }
    }
    throw refuse(instruction, "a jump to an address in a register is not supported");
  }

  private Step barrier(PtxInstruction instruction, Decoding decoding) {
    if (instruction.has("warp")) {
      return new Step.Together(
          instruction, decoding.in(0), (warp, lanes) -> warp.passWarpBarrier());
    }
    decoding.allow("sync", "cta", "aligned");
    boolean ofAllThreads =
        instruction.operands().size() == 1
            && instruction.operands().getFirst() instanceof PtxOperand.Immediate(long number)
            && number == 0;
    if (!ofAllThreads) {
      throw refuse(instruction, "only barrier 0 of all threads is supported");
    }
    return new Step.Barrier(instruction);
  }

  PtxException refuse(PtxInstruction instruction, String problem) {
    return new PtxException(
        kernel.module(), instruction.line(), instruction.name() + ": " + problem);
  }

  /** Returns the register that holds the operand. */
  int slot(PtxInstruction instruction, PtxOperand operand) {
    return switch (operand) {
      case PtxOperand.Register(int slot) -> slot;
      case PtxOperand.Immediate(long bits) -> constant(bits);
      case PtxOperand.Special(String name) -> specials.computeIfAbsent(name, _ -> registers++);
      case PtxOperand.Symbol(String name, long offset) ->
          constant(address(instruction, name) + offset);
      case PtxOperand.Address _, PtxOperand.Vector _, PtxOperand.Pair _, PtxOperand.Negated _ ->
          throw refuse(instruction, "an operand of this form is not supported here");
    };
  }

  private long address(PtxInstruction instruction, String name) {
    Long address = symbols.get(name);
    if (address == null) {
      throw refuse(instruction, "no variable " + name);
    }
    return address;
  }

  private int constant(long bits) {
    return constants.computeIfAbsent(bits, _ -> registers++);
  }
}
