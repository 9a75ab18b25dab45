package mechinterp.cuda.simulator.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * A library whose C functions are the public methods of some objects, each with the name and the
 * parameters that the bindings give it. A function gets its address when it is first looked up, and
 * keeps it for as long as somebody holds that address.
 */
final class UpcallLibrary implements SymbolLookup {
  private static final MethodHandle ANSWER = answer();

  private final String name;
  private final Calls calls;
  private final Map<String, Definition> definitions = new HashMap<>();
  private final Map<String, MemorySegment> symbols = new HashMap<>();

  private record Definition(CFunction function, FunctionDescriptor descriptor) {}

  /**
   * Makes the library.
   *
   * @param bindings the generated class of the library, for the functions' types
   * @throws IllegalStateException when a method is none of the bindings' functions
   */
  UpcallLibrary(
      String name,
      Class<?> bindings,
      List<?> objects,
      Calls calls,
      FailureDetails details,
      int unexpectedStatus) {
    this.name = name;
    this.calls = calls;
    for (Object object : objects) {
      for (Method method : object.getClass().getDeclaredMethods()) {
        if (Modifier.isPublic(method.getModifiers())) {
          FunctionDescriptor descriptor = descriptor(bindings, method.getName());
          definitions.put(
              method.getName(),
              new Definition(
                  CFunction.of(object, method, descriptor, details, unexpectedStatus), descriptor));
        }
      }
    }
  }

  private static MethodHandle answer() {
    try {
      return MethodHandles.lookup()
          .findVirtual(
              Calls.class,
              "answer",
              MethodType.methodType(Object.class, CFunction.class, Object[].class));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static FunctionDescriptor descriptor(Class<?> bindings, String function) {
    try {
      return (FunctionDescriptor) bindings.getMethod(function + "$descriptor").invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(function + ": the bindings have no such function", e);
    }
  }

  @Override
  public synchronized Optional<MemorySegment> find(String function) {
    Definition definition = definitions.get(function);
    return definition == null
        ? Optional.empty()
        : Optional.of(symbols.computeIfAbsent(function, key -> stub(definition)));
  }

  @Override
  public MemorySegment findOrThrow(String function) {
    return find(function)
        .orElseThrow(() -> new NoSuchElementException(name + " has no function " + function));
  }

  /** Restricted, because a wrong type would crash the JVM; the type is that of the bindings. */
  @SuppressWarnings("restricted")
  private MemorySegment stub(Definition definition) {
    MethodType type = definition.descriptor().toMethodType();
    MethodHandle target =
        MethodHandles.insertArguments(ANSWER, 0, calls, definition.function())
            .asCollector(Object[].class, type.parameterCount())
            .asType(type);
    return Linker.nativeLinker().upcallStub(target, definition.descriptor(), Arena.ofAuto());
  }
}
