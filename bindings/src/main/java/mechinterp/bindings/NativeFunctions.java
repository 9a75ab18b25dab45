package mechinterp.bindings;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The functions of one library, each linked when it is first asked for, so that a library which
 * lacks one serves all the others. The generated classes have one of these each.
 */
public final class NativeFunctions {
  private final SymbolLookup symbols;
  private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();

  /** Makes the functions of the library that has these symbols. */
  public NativeFunctions(SymbolLookup symbols) {
    this.symbols = symbols;
  }

  /**
   * Returns where a function is.
   *
   * @throws NoSuchElementException when the library has none of this name
   */
  public MemorySegment address(String name) {
    return symbols.findOrThrow(name);
  }

  /**
   * Returns the handle that calls a function.
   *
   * @throws NoSuchElementException when the library has none of this name
   */
  public MethodHandle handle(String name, FunctionDescriptor descriptor) {
    MethodHandle known = handles.get(name);
    return known != null
        ? known
        : handles.computeIfAbsent(
            name, n -> Linker.nativeLinker().downcallHandle(address(n), descriptor));
  }
}
