package mechinterp.tokenizer;

import java.util.Arrays;

/**
 * Text on its way to the model, each char with the range of the original text that it came from.
 */
final class AlignedText {
  private static final char REPLACEMENT_CHARACTER = '\uFFFD';
  private static final int[] NONE = {};

  private final String text;

  /** Where char 0 was in the original, when nothing was changed. */
  private final int offset;

  /** Ranges of the chars; empty when nothing was changed. */
  private final int[] starts;

  private final int[] ends;

  private AlignedText(String text, int offset, int[] starts, int[] ends) {
    this.text = text;
    this.offset = offset;
    this.starts = starts;
    this.ends = ends;
  }

  /** Returns chars {@code from} to {@code to - 1} of the original. */
  static AlignedText of(String original, int from, int to) {
    return new AlignedText(original.substring(from, to), from, NONE, NONE);
  }

  /** Returns a text with U+FFFD for halves of surrogate pairs, which have no bytes. */
  static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return withoutHalves(text);
      }
    }
    return text;
  }

  private static String withoutHalves(String text) {
    StringBuilder out = new StringBuilder(text);
    int at = 0;
    while (at < out.length()) {
      int codePoint = out.codePointAt(at);
      if (Character.getType(codePoint) == Character.SURROGATE) {
        out.setCharAt(at, REPLACEMENT_CHARACTER);
      }
      at += Character.charCount(codePoint);
    }
    return out.toString();
  }

  String text() {
    return text;
  }

  int length() {
    return text.length();
  }

  /** Returns the index in the original of the first char that this one came from. */
  int start(int index) {
    return starts.length == 0 ? offset + index : starts[index];
  }

  /** Returns the index in the original behind the last char that this one came from. */
  int end(int index) {
    return ends.length == 0 ? offset + index + 1 : ends[index];
  }

  /** Returns this text with some chars exchanged one for one. */
  AlignedText replaced(char from, char to) {
    return text.indexOf(from) < 0
        ? this
        : new AlignedText(text.replace(from, to), offset, starts, ends);
  }

  /**
   * Returns chars {@code from} to {@code to - 1} with a char before them, placed with the first.
   */
  AlignedText prepended(String prefix, int from, int to) {
    Builder out = new Builder(prefix.length() + to - from);
    out.append(prefix, start(from), end(from));
    out.append(this, from, to);
    return out.build();
  }

  /** A changed text as it grows. */
  static final class Builder {
    private final StringBuilder text;
    private int[] starts;
    private int[] ends;
    private int placed;

    Builder(int capacity) {
      text = new StringBuilder(capacity);
      starts = new int[capacity];
      ends = new int[capacity];
    }

    /** Appends a code point that came from chars {@code start} to {@code end - 1}. */
    void append(int codePoint, int start, int end) {
      text.appendCodePoint(codePoint);
      place(start, end);
    }

    /** Appends text all of which came from chars {@code start} to {@code end - 1}. */
    void append(String added, int start, int end) {
      text.append(added);
      place(start, end);
    }

    /** Appends part of a text with the places that it has. */
    void append(AlignedText from, int begin, int end) {
      int at = text.length();
      text.append(from.text, begin, end);
      grow();
      for (int i = begin; i < end; i++) {
        starts[at + i - begin] = from.start(i);
        ends[at + i - begin] = from.end(i);
      }
      placed = text.length();
    }

    private void place(int start, int end) {
      grow();
      Arrays.fill(starts, placed, text.length(), start);
      Arrays.fill(ends, placed, text.length(), end);
      placed = text.length();
    }

    private void grow() {
      if (text.length() > starts.length) {
        int capacity = Math.max(16, 2 * text.length());
        starts = Arrays.copyOf(starts, capacity);
        ends = Arrays.copyOf(ends, capacity);
      }
    }

    AlignedText build() {
      return new AlignedText(text.toString(), 0, starts, ends);
    }
  }
}
