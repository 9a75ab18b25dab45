package mechinterp.analysis.steering;

import java.util.Set;

/**
 * Places of tokens in their sequence, counted from 0, special tokens and a cache's counted, too.
 */
public sealed interface Positions {
  /** Returns whether a place is one of them. */
  boolean contains(int position);

  /** All places. */
  record Everywhere() implements Positions {
    @Override
    public boolean contains(int position) {
      return true;
    }
  }

  /** Those from {@code first} on, such as what is generated after a prompt of so many tokens. */
  record From(int first) implements Positions {
    @Override
    public boolean contains(int position) {
      return position >= first;
    }
  }

  /** Those before {@code end}, such as a prompt of so many tokens. */
  record Before(int end) implements Positions {
    @Override
    public boolean contains(int position) {
      return position < end;
    }
  }

  /** Some places. */
  record Listed(Set<Integer> places) implements Positions {
    /** Keeps the set. */
    public Listed {
      places = Set.copyOf(places);
    }

    @Override
    public boolean contains(int position) {
      return places.contains(position);
    }
  }
}
