package mechinterp.tokenizer;

import java.util.Arrays;

/**
 * Text on its way to the model, code point by code point, each with the range of the original text
 * that it came from.
 */
final class NormalizedText {
  private int[] codePoints;
  private int[] starts;
  private int[] ends;
  private int length;

  NormalizedText(int capacity) {
    codePoints = new int[capacity];
    starts = new int[capacity];
    ends = new int[capacity];
  }

  void append(int codePoint, int start, int end) {
    if (length == codePoints.length) {
      int capacity = Math.max(16, 2 * length);
      codePoints = Arrays.copyOf(codePoints, capacity);
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
    }
    codePoints[length] = codePoint;
    starts[length] = start;
    ends[length] = end;
    length++;
  }

  int length() {
    return length;
  }

  int codePoint(int index) {
    return codePoints[index];
  }

  int start(int index) {
    return starts[index];
  }

  int end(int index) {
    return ends[index];
  }

  String text(int from, int to) {
    return new String(codePoints, from, to - from);
  }
}
