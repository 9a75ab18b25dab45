package mechinterp.device.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import mechinterp.tensor.FloatMatrix;

/** The arguments of a kernel, in the order of its parameters. */
final class LaunchArguments {
  private final List<Number> values = new ArrayList<>();

  LaunchArguments add(long value) {
    values.add(value);
    return this;
  }

  LaunchArguments add(int value) {
    values.add(value);
    return this;
  }

  LaunchArguments add(float value) {
    values.add(value);
    return this;
  }

  /** Adds a matrix as kernels take it: the address of its first number and its row stride. */
  LaunchArguments add(FloatMatrix matrix) {
    return add(DeviceNumbers.address(matrix)).add((long) matrix.layout().rowStride());
  }

  /** Returns the array of pointers to the values that a launch takes. */
  MemorySegment lay(SegmentAllocator memory) {
    MemorySegment pointers = memory.allocate(ValueLayout.ADDRESS, values.size());
    for (int i = 0; i < values.size(); i++) {
      MemorySegment value =
          switch (values.get(i)) {
            case Long number -> memory.allocateFrom(ValueLayout.JAVA_LONG, number);
            case Integer number -> memory.allocateFrom(ValueLayout.JAVA_INT, number);
            case Float number -> memory.allocateFrom(ValueLayout.JAVA_FLOAT, number);
            default -> throw new IllegalStateException("no kernel takes " + values.get(i));
          };
      pointers.setAtIndex(ValueLayout.ADDRESS, i, value);
    }
    return pointers;
  }
}
