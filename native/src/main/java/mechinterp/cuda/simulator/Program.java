package mechinterp.cuda.simulator;

import java.util.List;
import java.util.Map;

/**
 * A kernel that is ready to run. Numbers and special registers are registers of their own, which
 * are set before the first step.
 *
 * @param steps the instructions; labels are their numbers
 * @param registers how many a thread has
 * @param constants the registers that hold numbers
 * @param specials the registers that hold special registers
 * @param layout of shared memory
 * @param localBytes of a thread
 * @param parameters of the launch
 */
record Program(
    List<Step> steps,
    int registers,
    Map<Long, Integer> constants,
    Map<String, Integer> specials,
    SharedLayout layout,
    int localBytes,
    ParameterLayout parameters) {

  Step step(int number) {
    return steps.get(number);
  }

  /** Sets the registers that hold numbers and special registers. */
  void initialise(long[] values, ThreadPlaces places) {
    constants.forEach((number, slot) -> {
      for (int lane = 0; lane < Warp.LANES; lane++) {
        values[slot * Warp.LANES + lane] = number;
      }
    });
    specials.forEach((name, slot) -> {
      for (int lane = 0; lane < Warp.LANES; lane++) {
        values[slot * Warp.LANES + lane] = places.value(name, lane);
      }
    });
  }
}
