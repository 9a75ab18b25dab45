package mechinterp.cuda.simulator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mechinterp.cuda.ptx.PtxVariable;

/** Where a kernel's arguments lie, each at a multiple of its alignment. */
final class ParameterLayout {
  private final List<PtxVariable> parameters;
  private final List<Integer> starts = new ArrayList<>();
  private final Map<String, Integer> offsets = new HashMap<>();
  private int bytes;

  ParameterLayout(List<PtxVariable> parameters) {
    this.parameters = parameters;
    for (PtxVariable parameter : parameters) {
      int alignment = parameter.alignment();
      bytes = (bytes + alignment - 1) / alignment * alignment;
      starts.add(bytes);
      offsets.put(parameter.name(), bytes);
      bytes += parameter.bytes();
    }
  }

  Map<String, Integer> offsets() {
    return offsets;
  }

  /**
   * Returns the arguments side by side.
   *
   * @throws IllegalArgumentException when number or sizes differ from the kernel's parameters
   */
  CheckedBytes lay(String kernel, KernelArguments arguments) {
    List<byte[]> values = arguments.values();
    if (values.size() != parameters.size()) {
      throw new IllegalArgumentException(
          "%s: %d arguments; it has %d parameters"
              .formatted(kernel, values.size(), parameters.size()));
    }
    CheckedBytes all = new CheckedBytes(bytes);
    for (int i = 0; i < values.size(); i++) {
      PtxVariable parameter = parameters.get(i);
      if (values.get(i).length != parameter.bytes()) {
        throw new IllegalArgumentException(
            "%s: argument %d has %d bytes; the parameter has %d"
                .formatted(kernel, i, values.get(i).length, parameter.bytes()));
      }
      all.write(starts.get(i), values.get(i));
    }
    return all;
  }
}
