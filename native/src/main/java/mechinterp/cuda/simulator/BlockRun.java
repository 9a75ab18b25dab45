package mechinterp.cuda.simulator;

import java.util.ArrayList;
import java.util.List;
import mechinterp.cuda.ptx.PtxInstruction;
import mechinterp.cuda.ptx.PtxKernel;

/** Runs a block: its warps in turn, each to the next barrier. */
final class BlockRun {
  private final PtxKernel kernel;
  private final Program program;
  private final BlockMemory memory;
  private final Dimensions block;
  private final List<Warp> warps = new ArrayList<>();
  private final StepLimit limit;

  BlockRun(
      PtxKernel kernel,
      Program program,
      BlockMemory memory,
      Launch launch,
      Dimensions block,
      StepLimit limit) {
    this.kernel = kernel;
    this.program = program;
    this.memory = memory;
    this.block = block;
    this.limit = limit;
    for (int thread = 0; thread < launch.threads().count(); thread += Warp.LANES) {
      warps.add(new Warp(program, memory, launch.blocks(), block, thread));
    }
  }

  void run(LaunchOrder order) {
    List<Warp> turns = order == LaunchOrder.FORWARD ? warps : warps.reversed();
    List<Warp> waiting = turns;
    do {
      for (Warp warp : waiting) {
        run(warp);
      }
      waiting = turns.stream().filter(warp -> !warp.hasEnded()).toList();
      meet(waiting);
    } while (!waiting.isEmpty());
  }

  private void run(Warp warp) {
    try {
      warp.run(limit);
    } catch (FaultException fault) {
      throw located(fault, warp, warp.currentStep());
    }
  }

  private void meet(List<Warp> waiting) {
    if (waiting.isEmpty()) {
      return;
    }
    Step there = program.step(waiting.getFirst().barrierStep());
    for (Warp warp : waiting) {
      Step here = program.step(warp.barrierStep());
      if (here != there) {
        throw located(
            new FaultException(
                Fault.DIVERGENT_BARRIER,
                "another warp waits at the barrier in line " + there.instruction().line()),
            warp,
            here);
      }
    }
    waiting.forEach(Warp::leaveBarrier);
    memory.barrier();
  }

  private SimulatorException located(FaultException fault, Warp warp, Step step) {
    PtxInstruction instruction = step.instruction();
    return new SimulatorException(
        fault.fault(),
        new SimulatorException.Place(
            kernel.name(),
            block,
            memory.threads().place(warp.currentThread()),
            kernel.module(),
            instruction.line(),
            instruction.source()),
        fault.detail());
  }
}
