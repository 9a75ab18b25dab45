package mechinterp.bindings;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.NoSuchElementException;
import java.util.Optional;

/** What a search for a native library came to: the library, or the reason why there is none. */
public sealed interface NativeLibrary {

  /**
   * The library's symbols. Those of a missing library are none: {@code find} is empty and {@code
   * findOrThrow} throws {@link NoSuchElementException} with the reason.
   */
  SymbolLookup symbols();

  /**
   * A library that was found and loaded; it stays loaded until the JVM ends.
   *
   * @param path the file, or the bare name when the system's own loader found it
   * @param symbols its symbols
   */
  record Found(String path, SymbolLookup symbols) implements NativeLibrary {}

  /**
   * A library that was not found or could not be loaded.
   *
   * @param reason one line that names the library and every place looked at
   */
  record Missing(String reason) implements NativeLibrary {
    @Override
    public SymbolLookup symbols() {
      return new NoSymbols(reason);
    }
  }

  /** The symbols of a missing library. */
  record NoSymbols(String reason) implements SymbolLookup {
    @Override
    public Optional<MemorySegment> find(String name) {
      return Optional.empty();
    }

    @Override
    public MemorySegment findOrThrow(String name) {
      throw new NoSuchElementException(name + ": " + reason);
    }
  }
}
