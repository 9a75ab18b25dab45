package mechinterp.activation;

/** A part of a document that the model sees at once, and which of its rows are kept. */
final class Window {
  private final int document;
  private final String documentId;
  private final int[] ids;
  private final int firstKept;
  private final int kept;
  private final int firstPosition;

  /**
   * Makes a window.
   *
   * @param document the document's number in the corpus
   * @param ids all its tokens, special ones included
   * @param firstKept the first of them whose activation is kept
   * @param kept how many are kept
   * @param firstPosition how many tokens of the document were kept before this window
   */
  Window(int document, String documentId, int[] ids, int firstKept, int kept, int firstPosition) {
    this.document = document;
    this.documentId = documentId;
    this.ids = ids;
    this.firstKept = firstKept;
    this.kept = kept;
    this.firstPosition = firstPosition;
  }

  int document() {
    return document;
  }

  String documentId() {
    return documentId;
  }

  int[] ids() {
    return ids;
  }

  int firstKept() {
    return firstKept;
  }

  int kept() {
    return kept;
  }

  int position(int keptToken) {
    return firstPosition + keptToken;
  }
}
