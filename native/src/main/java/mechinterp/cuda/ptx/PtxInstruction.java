package mechinterp.cuda.ptx;

import java.util.List;
import java.util.Optional;

/**
 * An instruction.
 *
 * @param opcode the first part of its name, such as {@code ld}
 * @param modifiers the other parts, such as {@code global}, {@code v4}, {@code f32}
 * @param guard the predicate under which a thread takes part
 * @param operands as written, the destination first
 * @param line in the PTX file, from 1
 * @param source file and line of the CUDA source, such as {@code topk.cu:56}; empty when not said
 */
public record PtxInstruction(
    String opcode,
    List<String> modifiers,
    Optional<Guard> guard,
    List<PtxOperand> operands,
    int line,
    String source) {
  /** Keeps the lists. */
  public PtxInstruction {
    modifiers = List.copyOf(modifiers);
    operands = List.copyOf(operands);
  }

  /**
   * Threads take part whose predicate is true, or false if {@code negated}.
   *
   * @param slot the register
   */
  public record Guard(int slot, boolean negated) {}

  /** Returns the name as written. */
  public String name() {
    return modifiers.isEmpty() ? opcode : opcode + "." + String.join(".", modifiers);
  }

  /** Whether the name has this part. */
  public boolean has(String modifier) {
    return modifiers.contains(modifier);
  }
}
