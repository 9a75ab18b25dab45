package mechinterp.cuda.ptx;

import java.util.List;

/** An operand of an instruction. */
public sealed interface PtxOperand {
  /**
   * A register of the kernel.
   *
   * @param slot its number among the kernel's registers
   */
  record Register(int slot) implements PtxOperand {}

  /** A register that the hardware sets, such as {@code %tid.x}. */
  record Special(String name) implements PtxOperand {}

  /** A number, as bits. */
  record Immediate(long bits) implements PtxOperand {}

  /** The name of a variable, a parameter or a label, and an offset in bytes. */
  record Symbol(String name, long offset) implements PtxOperand {}

  /** What lies at an address in memory: base and offset in bytes. */
  record Address(PtxOperand base, long offset) implements PtxOperand {}

  /** Several operands in braces. */
  record Vector(List<PtxOperand> elements) implements PtxOperand {
    /** Keeps the list. */
    public Vector {
      elements = List.copyOf(elements);
    }
  }

  /** A register and a predicate that says whether it is valid, {@code r|p}. */
  record Pair(PtxOperand first, PtxOperand second) implements PtxOperand {}

  /** A predicate taken the other way round, {@code !p}. */
  record Negated(PtxOperand predicate) implements PtxOperand {}
}
