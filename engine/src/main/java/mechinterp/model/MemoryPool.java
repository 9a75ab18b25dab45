package mechinterp.model;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;

/** Keeps the memory of the largest run so far for the next one. */
final class MemoryPool {
  private final String what;
  private final Device device;
  private final RunMemory.Purpose purpose;
  private final RunMemory.Declaration declaration;

  /** Empty while a run has it. */
  private final AtomicReference<Optional<RunMemory>> spare =
      new AtomicReference<>(Optional.empty());

  MemoryPool(
      String what, Device device, RunMemory.Purpose purpose, RunMemory.Declaration declaration) {
    this.what = what;
    this.device = device;
    this.purpose = purpose;
    this.declaration = declaration;
  }

  MemoryPlan plan(int tokens) {
    return RunMemory.plan(what, device, purpose, tokens, declaration);
  }

  /** Returns memory for so many tokens or more. */
  RunMemory take(int tokens) {
    return spare
        .getAndSet(Optional.empty())
        .filter(memory -> memory.capacity() >= tokens)
        .orElseGet(() -> RunMemory.allocate(what, device, purpose, tokens, declaration));
  }

  void giveBack(RunMemory memory) {
    spare.set(Optional.of(memory));
  }
}
