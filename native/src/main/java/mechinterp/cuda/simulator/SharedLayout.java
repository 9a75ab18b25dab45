package mechinterp.cuda.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.cuda.ptx.PtxKernel;
import mechinterp.cuda.ptx.PtxModule;
import mechinterp.cuda.ptx.PtxVariable;

/**
 * Where a kernel's shared variables lie. Unlike on a GPU there is a gap between any two, so that an
 * index beyond one variable is not inside the next.
 */
final class SharedLayout {
  private static final int GAP = 128;
  private static final int DYNAMIC_ALIGNMENT = 128;

  private final Map<String, Integer> addresses = new LinkedHashMap<>();
  private final List<Placed> variables = new ArrayList<>();
  private final int dynamicStart;
  private int staticBytes;

  private record Placed(String name, int start, int bytes) {}

  SharedLayout(PtxModule module, PtxKernel kernel) {
    int end = 0;
    List<PtxVariable> unsized = new ArrayList<>();
    List<PtxVariable> all = new ArrayList<>(module.variables());
    all.addAll(kernel.variables());
    for (PtxVariable variable : all) {
      if (variable.space() != PtxVariable.Space.SHARED) {
        continue;
      }
      if (variable.bytes() == 0) {
        unsized.add(variable);
        continue;
      }
      int start = roundUp(end, variable.alignment());
      addresses.put(variable.name(), start);
      variables.add(new Placed(variable.name(), start, variable.bytes()));
      staticBytes = roundUp(staticBytes, variable.alignment()) + variable.bytes();
      end = start + variable.bytes() + GAP;
    }
    dynamicStart = roundUp(end, DYNAMIC_ALIGNMENT);
    unsized.forEach(variable -> addresses.put(variable.name(), dynamicStart));
  }

  private static int roundUp(int value, int multiple) {
    return (value + multiple - 1) / multiple * multiple;
  }

  Map<String, Integer> addresses() {
    return addresses;
  }

  /** The bytes that the variables take on a GPU. */
  int staticBytes() {
    return staticBytes;
  }

  /** Where the bytes begin that the launch asks for. */
  int dynamicStart() {
    return dynamicStart;
  }

  boolean holds(int address, int count) {
    if (address >= dynamicStart) {
      return true;
    }
    for (Placed variable : variables) {
      if (address >= variable.start() && address + count <= variable.start() + variable.bytes()) {
        return true;
      }
    }
    return false;
  }

  /** Says what is nearest below an address that lies outside. */
  String describe(long address, int size) {
    if (address >= dynamicStart) {
      return "%d bytes into the launch's %d".formatted(address - dynamicStart, size - dynamicStart);
    }
    String nearest = "no variable is below it";
    for (Placed variable : variables) {
      long offset = address - variable.start();
      if (offset >= 0) {
        nearest = "%d bytes into %s of %d".formatted(offset, variable.name(), variable.bytes());
      }
    }
    return nearest;
  }
}
