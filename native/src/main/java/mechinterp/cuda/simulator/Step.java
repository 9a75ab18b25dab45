package mechinterp.cuda.simulator;

import mechinterp.cuda.ptx.PtxInstruction;

/** An instruction, ready to run. */
sealed interface Step {
  /** The instruction that it came from. */
  PtxInstruction instruction();

  /** Each lane for itself. */
  record Compute(PtxInstruction instruction, Operation operation) implements Step {}

  /** A jump to the step of this number. */
  record Branch(PtxInstruction instruction, int target) implements Step {}

  /** The thread ends. */
  record Exit(PtxInstruction instruction) implements Step {}

  /** Waits for all threads of the block. */
  record Barrier(PtxInstruction instruction) implements Step {}

  /**
   * Waits for the lanes that a register names, then all of them do it together.
   *
   * @param members the register with a bit for each of them
   */
  record Together(PtxInstruction instruction, int members, Operation operation) implements Step {}
}
