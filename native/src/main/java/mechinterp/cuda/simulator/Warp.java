package mechinterp.cuda.simulator;

import java.util.Arrays;

/**
 * Thirty-two threads that run in step while they are at the same instruction. Of lanes at different
 * instructions those furthest back in the program go on first, so that they meet again where their
 * ways join.
 */
final class Warp {
  static final int LANES = 32;
  private static final long UNDEFINED = 0xBAD0_BAD0_BAD0_BAD0L;
  private static final int NONE = Integer.MAX_VALUE;

  private final Program program;
  private final BlockMemory memory;
  private final int firstThread;
  private final long[] registers;
  private final int[] counters = new int[LANES];
  private int live;
  private int atBarrier;
  private int meeting;
  private int barriers;
  private int at;
  private int line;
  private int lane;

  Warp(Program program, BlockMemory memory, Dimensions blocks, Dimensions block, int firstThread) {
    this.program = program;
    this.memory = memory;
    this.firstThread = firstThread;
    registers = new long[program.registers() * LANES];
    Arrays.fill(registers, UNDEFINED);
    int threads = (int) Math.min(LANES, memory.threads().count() - firstThread);
    live = threads == LANES ? -1 : (1 << threads) - 1;
    program.initialise(registers, new ThreadPlaces(blocks, block, memory.threads(), firstThread));
  }

  long get(int slot, int ofLane) {
    return registers[slot * LANES + ofLane];
  }

  void set(int slot, int ofLane, long value) {
    registers[slot * LANES + ofLane] = value;
  }

  long load(Space space, long address, int bytes, int ofLane) {
    lane = ofLane;
    return memory.load(space, address, bytes, access(false));
  }

  void store(Space space, long address, int bytes, long value, int ofLane) {
    lane = ofLane;
    memory.store(space, address, bytes, value, access(false));
  }

  long loadAtomic(Space space, long address, int bytes, int ofLane) {
    lane = ofLane;
    return memory.load(space, address, bytes, access(true));
  }

  void storeAtomic(Space space, long address, int bytes, long value, int ofLane) {
    lane = ofLane;
    memory.store(space, address, bytes, value, access(true));
  }

  private Access access(boolean atomic) {
    return new Access(firstThread + lane, barriers, line, atomic);
  }

  /** What was before is ordered with what follows, among the lanes of this warp. */
  void passWarpBarrier() {
    barriers++;
  }

  boolean hasEnded() {
    return live == 0;
  }

  /** Notes which lane an error would be about. */
  void enter(int ofLane) {
    lane = ofLane;
  }

  /** The thread that an error is about. */
  int currentThread() {
    return firstThread + lane;
  }

  /** The step that an error is about. */
  Step currentStep() {
    return program.step(at);
  }

  void leaveBarrier() {
    for (int rest = atBarrier; rest != 0; rest &= rest - 1) {
      counters[Integer.numberOfTrailingZeros(rest)]++;
    }
    atBarrier = 0;
  }

  /** The step of the barrier at which all lanes wait. */
  int barrierStep() {
    return counters[Integer.numberOfTrailingZeros(atBarrier)];
  }

  /** Runs until every lane has ended or waits at the block's barrier. */
  void run(StepLimit limit) {
    while (true) {
      int runnable = live & ~(atBarrier | meeting);
      if (runnable == 0) {
        if (meeting != 0) {
          throw notMet();
        }
        checkBarrier();
        return;
      }
      int from = furthestBack(runnable);
      int group = lanesAt(from, runnable);
      runGroup(group, from, furthestBack(runnable & ~group), limit);
    }
  }

  private int furthestBack(int lanes) {
    int least = NONE;
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      least = Math.min(least, counters[Integer.numberOfTrailingZeros(rest)]);
    }
    return least;
  }

  private int lanesAt(int counter, int among) {
    int at = 0;
    for (int rest = among; rest != 0; rest &= rest - 1) {
      int ofLane = Integer.numberOfTrailingZeros(rest);
      at |= counters[ofLane] == counter ? 1 << ofLane : 0;
    }
    return at;
  }

  /** Runs lanes in step until they part, wait, end, or come to where others are. */
  private void runGroup(int group, int from, int others, StepLimit limit) {
    int counter = from;
    while (counter < others) {
      Step step = program.step(counter);
      line = step.instruction().line();
      lane = Integer.numberOfTrailingZeros(group);
      at = counter;
      limit.count();
      int active = guarded(step, group);
      switch (step) {
        case Step.Compute(var _, Operation operation) -> {
          operation.run(this, active);
          counter++;
        }
        case Step.Branch(var _, int target) -> {
          if (active != 0 && active != group) {
            place(group, counter + 1);
            place(active, target);
            return;
          }
          counter = active == 0 ? counter + 1 : target;
        }
        case Step.Exit _ -> {
          live &= ~active;
          place(group, counter + 1);
          return;
        }
        case Step.Barrier _ -> {
          place(group, counter + 1);
          place(active, counter);
          atBarrier |= active;
          return;
        }
        case Step.Together together -> {
          place(group, counter + 1);
          place(active, counter);
          meeting |= active;
          meet(together, counter);
          return;
        }
      }
    }
    place(group, counter);
  }

  private int guarded(Step step, int group) {
    if (step.instruction().guard().isEmpty()) {
      return group;
    }
    var guard = step.instruction().guard().get();
    int active = 0;
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int ofLane = Integer.numberOfTrailingZeros(rest);
      active |= (get(guard.slot(), ofLane) != 0) != guard.negated() ? 1 << ofLane : 0;
    }
    return active;
  }

  private void place(int lanes, int counter) {
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      counters[Integer.numberOfTrailingZeros(rest)] = counter;
    }
  }

  /** Lets those go on who wait at this step and whose partners are all there. */
  private void meet(Step.Together step, int counter) {
    int here = lanesAt(counter, meeting);
    for (int rest = here; rest != 0; ) {
      int first = Integer.numberOfTrailingZeros(rest);
      int members = (int) get(step.members(), first);
      checkMembers(members, first);
      rest &= ~(1 << first);
      if ((members & ~here) == 0 && agree(step, members)) {
        step.operation().run(this, members);
        place(members, counter + 1);
        meeting &= ~members;
        rest &= ~members;
      }
    }
  }

  private void checkMembers(int members, int ofLane) {
    lane = ofLane;
    if ((members >>> ofLane & 1) == 0) {
      throw new FaultException(
          Fault.DIVERGENT_WARP, "the mask 0x%x does not name lane %d".formatted(members, ofLane));
    }
    if ((members & ~live) != 0) {
      throw new FaultException(
          Fault.DIVERGENT_WARP,
          "the mask 0x%x names lanes 0x%x, which have ended or never were"
              .formatted(members, members & ~live));
    }
  }

  private boolean agree(Step.Together step, int members) {
    for (int rest = members; rest != 0; rest &= rest - 1) {
      if ((int) get(step.members(), Integer.numberOfTrailingZeros(rest)) != members) {
        return false;
      }
    }
    return true;
  }

  private FaultException notMet() {
    lane = Integer.numberOfTrailingZeros(meeting);
    int counter = counters[lane];
    Step.Together step = (Step.Together) program.step(counter);
    at = counter;
    int members = (int) get(step.members(), lane);
    return new FaultException(
        Fault.DIVERGENT_WARP,
        "the mask 0x%x names lanes 0x%x, which wait elsewhere or name others"
            .formatted(members, members & ~lanesAt(counter, meeting)));
  }

  private void checkBarrier() {
    if (atBarrier == 0) {
      return;
    }
    int first = furthestBack(atBarrier);
    int away = atBarrier & ~lanesAt(first, atBarrier);
    if (away != 0) {
      lane = Integer.numberOfTrailingZeros(away);
      at = counters[lane];
      throw new FaultException(
          Fault.DIVERGENT_BARRIER,
          "other lanes of the warp wait at the barrier in line "
              + program.step(first).instruction().line());
    }
  }
}
