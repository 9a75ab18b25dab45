package mechinterp.experiments.command;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads names of methods, which have hyphens. */
final class CircuitMethods {
  private CircuitMethods() {}

  /** Methods of {@code circuit nodes}. */
  static final class OfNodes implements ITypeConverter<CircuitNodes.Method> {
    @Override
    public CircuitNodes.Method convert(String name) {
      return method(name, CircuitNodes.Method.values());
    }
  }

  /** Methods of {@code circuit edges}. */
  static final class OfEdges implements ITypeConverter<CircuitEdges.Method> {
    @Override
    public CircuitEdges.Method convert(String name) {
      return method(name, CircuitEdges.Method.values());
    }
  }

  /** Methods of {@code circuit features}. */
  static final class OfFeatures implements ITypeConverter<CircuitFeatures.Method> {
    @Override
    public CircuitFeatures.Method convert(String name) {
      return method(name, CircuitFeatures.Method.values());
    }
  }

  private static <E extends Enum<E>> E method(String name, E[] methods) {
    return Arrays.stream(methods)
        .filter(method -> label(method).equals(name))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "is %s; it must be one of %s"
                    .formatted(
                        name,
                        Arrays.stream(methods)
                            .map(CircuitMethods::label)
                            .collect(Collectors.joining(", ")))));
  }

  /** Returns the name of a method as it is typed. */
  static String label(Enum<?> method) {
    return method.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
