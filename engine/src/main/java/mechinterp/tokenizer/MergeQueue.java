package mechinterp.tokenizer;

import java.util.Arrays;

/** Merges that may happen in a word, lowest rank first, of equal ranks the leftmost: a heap. */
final class MergeQueue {
  /** Rank in the upper half, place in the lower. */
  private long[] keys;

  private int[] merged;
  private int size;

  MergeQueue(int capacity) {
    keys = new long[capacity];
    merged = new int[capacity];
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Returns the place of the first merge's left part. */
  int firstPlace() {
    return (int) keys[0];
  }

  /** Returns the token that the first merge makes. */
  int firstMerged() {
    return merged[0];
  }

  void add(int rank, int place, int token) {
    if (size == keys.length) {
      int capacity = Math.max(8, 2 * size);
      keys = Arrays.copyOf(keys, capacity);
      merged = Arrays.copyOf(merged, capacity);
    }
    long key = ((long) rank << Integer.SIZE) | place;
    int hole = size++;
    while (hole > 0 && keys[(hole - 1) / 2] > key) {
      move((hole - 1) / 2, hole);
      hole = (hole - 1) / 2;
    }
    keys[hole] = key;
    merged[hole] = token;
  }

  void removeFirst() {
    size--;
    long key = keys[size];
    int token = merged[size];
    int hole = 0;
    int child = 1;
    while (child < size) {
      if (child + 1 < size && keys[child + 1] < keys[child]) {
        child++;
      }
      if (keys[child] >= key) {
        break;
      }
      move(child, hole);
      hole = child;
      child = 2 * hole + 1;
    }
    keys[hole] = key;
    merged[hole] = token;
  }

  private void move(int from, int to) {
    keys[to] = keys[from];
    merged[to] = merged[from];
  }
}
