package mechinterp.model.family;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import mechinterp.io.FormatException;
import mechinterp.model.Weights;

/** A file's tensors by the names that the family's table has for them. */
final class FileNames {
  private final Weights file;
  private final NameTable names;
  private final Map<String, String> inFile = new LinkedHashMap<>();

  private FileNames(Weights file, NameTable names) {
    this.file = file;
    this.names = names;
  }

  /**
   * Finds the name of each.
   *
   * @throws FormatException when two tensors are the same weight
   */
  static FileNames of(Weights file, NameTable names) throws FormatException {
    FileNames all = new FileNames(file, names);
    for (String tensor : file.names()) {
      Optional<String> twin = Optional.ofNullable(all.inFile.put(names.plainName(tensor), tensor));
      if (twin.isPresent()) {
        throw new FormatException(
            file.source(),
            "tensors \"%s\" and \"%s\" are the same weight; there must be one"
                .formatted(twin.get(), tensor));
      }
    }
    return all;
  }

  /**
   * Returns the place under the file's own name.
   *
   * @throws FormatException when the file has no such tensor
   */
  FileWeight find(FileWeight place) throws FormatException {
    String tensor = inFile.get(place.tensor());
    if (tensor == null) {
      throw new FormatException(
          file.source(), "has no tensor \"%s\"; the config asks for it".formatted(place.tensor()));
    }
    return new FileWeight(tensor, place.outputsFirst(), place.outputs(), place.added());
  }

  /**
   * Checks that all tensors are weights of the model or known to be of no use.
   *
   * @throws FormatException when one is not
   */
  void requireNothingElse(Collection<FileWeight> used) throws FormatException {
    Set<String> wanted = used.stream().map(FileWeight::tensor).collect(Collectors.toSet());
    TreeSet<String> unknown = new TreeSet<>();
    inFile.forEach((name, tensor) -> {
      if (!wanted.contains(tensor) && !names.isHarmless(name)) {
        unknown.add(tensor);
      }
    });
    if (!unknown.isEmpty()) {
      throw new FormatException(
          file.source(),
          "has %d tensors that the config does not ask for: \"%s\"%s"
              .formatted(unknown.size(), unknown.first(), unknown.size() > 1 ? " and others" : ""));
    }
  }
}
