package mechinterp.model.family;

import java.util.List;

/**
 * Where a canonical weight is in a file and how it lies there.
 *
 * @param tensor its name in the file, without a prefix that all names share
 * @param outputsFirst whether the file's tensor is [out, in], as torch's linear layers have it,
 *     where the canonical weight is [in, out]
 * @param outputs which of the tensor's outputs
 * @param added what is added to each number: 1 for the norms of Gemma's files, which hold w - 1
 */
record FileWeight(String tensor, boolean outputsFirst, Outputs outputs, float added) {
  /** Returns the shape that the file's tensor must have for a canonical weight of this shape. */
  List<Integer> shapeInFile(List<Integer> canonical) {
    int out = outputs.inFile(canonical.getLast());
    if (canonical.size() == 1) {
      return List.of(out);
    }
    int in = canonical.getFirst();
    return outputsFirst ? List.of(out, in) : List.of(in, out);
  }
}
