package mechinterp.tokenizer;

import java.util.Arrays;

/**
 * A word as tokens that merge with their neighbours, the pair of lowest rank first and of equal
 * ranks the leftmost, until no pair of the table is left. n log n steps for n symbols.
 */
final class Symbols {
  private static final int GONE = -2;
  private static final int NONE = -1;

  private int[] ids;
  private int[] starts;
  private int[] ends;
  private int[] next;
  private int[] previous;
  private int size;

  Symbols(int capacity) {
    ids = new int[capacity];
    starts = new int[capacity];
    ends = new int[capacity];
    next = new int[capacity];
    previous = new int[capacity];
  }

  /** Adds a token that stands for chars {@code start} to {@code end - 1}. */
  void add(int id, int start, int end) {
    if (size == ids.length) {
      int capacity = Math.max(8, 2 * size);
      ids = Arrays.copyOf(ids, capacity);
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
      next = Arrays.copyOf(next, capacity);
      previous = Arrays.copyOf(previous, capacity);
    }
    ids[size] = id;
    starts[size] = start;
    ends[size] = end;
    previous[size] = size - 1;
    next[size] = NONE;
    if (size > 0) {
      next[size - 1] = size;
    }
    size++;
  }

  /** Merges what the table lets merge. */
  void merge(MergeTable table) {
    MergeQueue queue = new MergeQueue(size);
    for (int i = 0; i + 1 < size; i++) {
      offer(i, table, queue);
    }
    while (!queue.isEmpty()) {
      int place = queue.firstPlace();
      int merged = queue.firstMerged();
      queue.removeFirst();
      if (isStill(place, merged, table)) {
        join(place, merged);
        if (previous[place] != NONE) {
          offer(previous[place], table, queue);
        }
        offer(place, table, queue);
      }
    }
  }

  private void offer(int place, MergeTable table, MergeQueue queue) {
    if (next[place] == NONE) {
      return;
    }
    long found = table.find(ids[place], ids[next[place]]);
    if (found != MergeTable.NONE) {
      queue.add(MergeTable.rank(found), place, MergeTable.merged(found));
    }
  }

  /** A merge may be out of date: one of its parts has merged with something else. */
  private boolean isStill(int place, int merged, MergeTable table) {
    if (next[place] < 0) {
      return false;
    }
    long found = table.find(ids[place], ids[next[place]]);
    return found != MergeTable.NONE && MergeTable.merged(found) == merged;
  }

  private void join(int place, int merged) {
    int right = next[place];
    ids[place] = merged;
    ends[place] = ends[right];
    next[place] = next[right];
    next[right] = GONE;
    if (next[place] != NONE) {
      previous[next[place]] = place;
    }
  }

  /** Gives the tokens in order. */
  void forEach(TokenModel.TokenListener tokens) {
    for (int i = 0; i != NONE && i < size; i = next[i]) {
      tokens.token(ids[i], starts[i], ends[i]);
    }
  }
}
