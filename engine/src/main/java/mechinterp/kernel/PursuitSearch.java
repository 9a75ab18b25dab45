package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The pursuit of one token after the other, as {@link PursuitKernels} describes it. The dictionary
 * rows of a shortlist stay in the second-level cache from the first look at them to the last.
 * Latents go by their slot in the shortlist.
 */
final class PursuitSearch {
  private static final float[] NOTHING = new float[0];

  private int width;
  private float[] rows = NOTHING;
  private float[] residual = NOTHING;
  private int candidates;
  private int[] latents = new int[0];
  private int[] rowsAt = new int[0];
  private float[] inverses = NOTHING;
  private float[] codes = NOTHING;
  private float[] correlations = NOTHING;

  /** The gains of latents outside S; 0 for those that do not gain or are in S. */
  private float[] gains = NOTHING;

  /** The slots of S in the order in which they joined. */
  private int[] held = new int[0];

  private int heldCount;

  /**
   * The change of a code that the residual has not seen yet; the slot is -1 where there is none.
   */
  private int pendingSlot;

  private float pendingChange;

  void begin(
      FloatMatrix x,
      int t,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares) {
    makeRoom(shortlist.capacity(), dictionary.cols());
    CodeRow row = new CodeRow(shortlist, t);
    candidates = row.before();
    heldCount = 0;
    pendingSlot = -1;
    rows = HostMemory.floats(dictionary);
    Arrays.fill(codes, 0, candidates, 0);
    System.arraycopy(HostMemory.floats(x), x.layout().index(t, 0), residual, 0, width);
    float[] fromInverses = HostMemory.floats(inverseSquares);
    for (int slot = 0; slot < candidates; slot++) {
      int latent = row.latent(slot);
      latents[slot] = latent;
      rowsAt[slot] = dictionary.layout().index(latent, 0);
      inverses[slot] = fromInverses[inverseSquares.layout().index(0, latent)];
    }
  }

  /** Lets go of the dictionary. */
  void end() {
    rows = NOTHING;
  }

  private void makeRoom(int capacity, int columns) {
    width = columns;
    if (residual.length < columns) {
      residual = new float[columns];
    }
    if (codes.length < capacity) {
      latents = new int[capacity];
      rowsAt = new int[capacity];
      inverses = new float[capacity];
      codes = new float[capacity];
      correlations = new float[capacity];
      gains = new float[capacity];
      held = new int[capacity];
    }
  }

  void pursue(PursuitForm form) {
    for (int round = 1; round <= form.rounds(); round++) {
      dropZeros();
      int old = heldCount;
      correlate();
      addBest(Math.min(form.held(round), candidates) - old);
      sweep(old, heldCount);
      sweep(0, old);
    }
    sweep(0, heldCount);
    prune(form);
    sweep(0, heldCount);
    sweep(0, heldCount);
    settle();
  }

  private void dropZeros() {
    int kept = 0;
    for (int i = 0; i < heldCount; i++) {
      if (codes[held[i]] > 0) {
        held[kept++] = held[i];
      }
    }
    heldCount = kept;
  }

  /** Finds the products of the residual with all rows. */
  private void correlate() {
    settle();
    PursuitLoops.dots(correlations, residual, width, rows, rowsAt, candidates);
  }

  /** Lets the {@code number} latents with the largest gains join S, the largest first. */
  private void addBest(int number) {
    if (number <= 0) {
      return;
    }
    findGains();
    float limit = RowLoops.limitOfLargest(gains, 0, candidates, number);
    int equals = limit == 0 ? 0 : number - RowLoops.countAbove(gains, 0, candidates, limit);
    int first = heldCount;
    for (int slot = 0; slot < candidates; slot++) {
      float gain = gains[slot];
      if (gain > limit || (gain == limit && equals-- > 0)) {
        int place = heldCount++;
        while (place > first && gains[held[place - 1]] < gain) {
          held[place] = held[place - 1];
          place--;
        }
        held[place] = slot;
      }
    }
  }

  private void findGains() {
    for (int slot = 0; slot < candidates; slot++) {
      float correlation = Math.max(0, correlations[slot]);
      gains[slot] = correlation * correlation * inverses[slot];
    }
    for (int i = 0; i < heldCount; i++) {
      gains[held[i]] = 0;
    }
  }

  private void sweep(int from, int to) {
    for (int i = from; i < to; i++) {
      int slot = held[i];
      float code = Math.max(0, Math.fma(correlation(slot), inverses[slot], codes[slot]));
      change(slot, code - codes[slot]);
      codes[slot] = code;
    }
  }

  /** Returns the product of the residual and a row; what is pending is settled in the same pass. */
  private float correlation(int slot) {
    if (pendingSlot < 0) {
      return RowLoops.dot(residual, 0, rows, rowsAt[slot], width);
    }
    int from = rowsAt[pendingSlot];
    pendingSlot = -1;
    return PursuitLoops.addAndDot(residual, width, rows, from, -pendingChange, rowsAt[slot]);
  }

  private void change(int slot, float by) {
    if (by != 0) {
      settle();
      pendingSlot = slot;
      pendingChange = by;
    }
  }

  private void settle() {
    if (pendingSlot >= 0) {
      RowLoops.addScaled(
          residual, 0, residual, 0, rows, rowsAt[pendingSlot], width, -pendingChange);
      pendingSlot = -1;
    }
  }

  /** Sets all codes but the largest, or those that are too small, to 0. */
  private void prune(PursuitForm form) {
    int k = form.mostActive();
    float limit = RowLoops.limitOfLargest(codes, 0, candidates, k);
    int equals = limit == 0 ? 0 : k - RowLoops.countAbove(codes, 0, candidates, limit);
    for (int slot = 0; slot < candidates; slot++) {
      float code = codes[slot];
      boolean kept = code > limit || (code == limit && equals-- > 0);
      if (!kept || code < form.leastCode()) {
        change(slot, -code);
        codes[slot] = 0;
      }
    }
    dropZeros();
  }

  void writeCodes(CodeRow to) {
    for (int slot = 0; slot < candidates; slot++) {
      if (codes[slot] > 0) {
        to.add(latents[slot], codes[slot]);
      }
    }
    to.end();
  }

  void writeTargets(FloatMatrix targets, int t) {
    correlate();
    float[] to = HostMemory.floats(targets);
    int at = targets.layout().index(t, 0);
    for (int slot = 0; slot < candidates; slot++) {
      to[at + slot] = Math.fma(correlations[slot], inverses[slot], codes[slot]);
    }
    Arrays.fill(to, at + candidates, at + targets.cols(), 0);
  }
}
