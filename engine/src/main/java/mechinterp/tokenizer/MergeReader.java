package mechinterp.tokenizer;

import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.Sha256;
import tools.jackson.databind.JsonNode;

/** Reads merges in the order of their ranks, and whether text may be cut at marks before them. */
final class MergeReader {
  private final Vocabulary vocabulary;
  private final MergeTable table;
  private final char mark;
  private final Sha256 hash = new Sha256();
  private boolean crossesMarks;
  private int rank;

  /**
   * Makes a reader.
   *
   * @param vocabulary the tokens that merge
   * @param expected how many merges to expect
   * @param mark what stands for a space
   */
  MergeReader(Vocabulary vocabulary, int expected, char mark) {
    this.vocabulary = vocabulary;
    this.table = new MergeTable(expected);
    this.mark = mark;
  }

  /** Reads {@code ["a b", ...]} or {@code [["a", "b"], ...]}. */
  void read(JsonField merges) throws FormatException {
    merges.require(merges.node().isArray(), "a list");
    int index = 0;
    for (JsonNode merge : merges.node()) {
      if (!(merge.isString() ? add(merge.stringValue()) : addPair(merge))) {
        throw merges.item(index).failure("two tokens of the vocabulary that make another one");
      }
      index++;
    }
  }

  private boolean addPair(JsonNode pair) {
    return pair.isArray()
        && pair.size() == 2
        && pair.path(0).isString()
        && pair.path(1).isString()
        && add(pair.path(0).stringValue(), pair.path(1).stringValue());
  }

  /** Reads {@code a b}; returns whether both and what they make are tokens. */
  boolean add(String merge) {
    int space = merge.indexOf(' ');
    return space >= 0
        && merge.indexOf(' ', space + 1) < 0
        && add(merge.substring(0, space), merge.substring(space + 1));
  }

  private boolean add(String left, String right) {
    int leftId = vocabulary.modelId(left);
    int rightId = vocabulary.modelId(right);
    int merged = vocabulary.modelId(left + right);
    if (leftId < 0 || rightId < 0 || merged < 0) {
      return false;
    }
    table.put(leftId, rightId, rank++, merged);
    hash.add(((long) leftId << Integer.SIZE) | rightId);
    crossesMarks |= right.indexOf(mark) == 0 && left.charAt(left.length() - 1) != mark;
    return true;
  }

  MergeTable table() {
    return table;
  }

  String identity() {
    return hash.end();
  }

  /** Returns whether a token may go on from another character to a mark. */
  boolean crossesMarks() {
    return crossesMarks;
  }
}
