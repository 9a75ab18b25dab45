package mechinterp.cuda.simulator;

import java.util.List;
import java.util.Set;
import mechinterp.cuda.ptx.PtxException;
import mechinterp.cuda.ptx.PtxInstruction;
import mechinterp.cuda.ptx.PtxOperand;
import mechinterp.cuda.ptx.PtxType;

/**
 * An instruction while it is made ready to run. What is not understood is refused, never ignored.
 */
final class Decoding {
  private final ProgramBuilder builder;
  private final PtxInstruction instruction;

  Decoding(ProgramBuilder builder, PtxInstruction instruction) {
    this.builder = builder;
    this.instruction = instruction;
  }

  PtxInstruction instruction() {
    return instruction;
  }

  String opcode() {
    return instruction.opcode();
  }

  boolean has(String modifier) {
    return instruction.has(modifier);
  }

  /** The type that the name ends with. */
  PtxType type() {
    return type(instruction.modifiers().size() - 1);
  }

  /** The type at a place in the name. */
  PtxType type(int modifier) {
    List<String> modifiers = instruction.modifiers();
    if (modifier < 0) {
      throw refuse("a type is missing");
    }
    return PtxType.named(modifiers.get(modifier)).orElseThrow(() -> refuse("a type is missing"));
  }

  /** Refuses parts of the name that are neither types nor these. */
  void allow(String... modifiers) {
    Set<String> known = Set.of(modifiers);
    for (String modifier : instruction.modifiers()) {
      if (!known.contains(modifier) && PtxType.named(modifier).isEmpty()) {
        throw refuse("." + modifier + " is not supported");
      }
    }
  }

  int operands() {
    return instruction.operands().size();
  }

  PtxOperand operand(int index) {
    if (index >= operands()) {
      throw refuse("it has " + operands() + " operands");
    }
    return instruction.operands().get(index);
  }

  /** The register of an operand that is read. */
  int in(int index) {
    return builder.slot(instruction, operand(index));
  }

  /** The register of an element of a vector. */
  int in(PtxOperand element) {
    return builder.slot(instruction, element);
  }

  /** The register that is written. */
  int out() {
    return out(operand(0));
  }

  int out(PtxOperand operand) {
    if (operand instanceof PtxOperand.Register(int slot)) {
      return slot;
    }
    throw refuse("the destination is no register");
  }

  PtxException refuse(String problem) {
    return builder.refuse(instruction, problem);
  }

  PtxException unsupported() {
    return refuse("not supported");
  }
}
