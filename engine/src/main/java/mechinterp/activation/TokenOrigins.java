package mechinterp.activation;

/** Which tokens the rows of a range belong to; row i of the range that was asked for. */
public final class TokenOrigins {
  private final int[] tokenIds;
  private final int[] documents;
  private final int[] positions;

  /**
   * Wraps three columns of equal length without copying them: each row's token id, document and
   * position.
   *
   * @throws IllegalArgumentException when their lengths differ
   */
  public TokenOrigins(int[] tokenIds, int[] documents, int[] positions) {
    if (tokenIds.length != documents.length || tokenIds.length != positions.length) {
      throw new IllegalArgumentException(
          "token origins: %d token ids, %d documents, %d positions; they must be as many"
              .formatted(tokenIds.length, documents.length, positions.length));
    }
    this.tokenIds = tokenIds;
    this.documents = documents;
    this.positions = positions;
  }

  static TokenOrigins ofSize(int size) {
    return new TokenOrigins(new int[size], new int[size], new int[size]);
  }

  /** Returns how many rows there are. */
  public int size() {
    return tokenIds.length;
  }

  /** Returns the token's number in the tokenizer's vocabulary. */
  public int tokenId(int i) {
    return tokenIds[i];
  }

  /** Returns the number of the token's document in the corpus, counted from 0. */
  public int document(int i) {
    return documents[i];
  }

  /** Returns which token of its document it is, counted from 0 over those that were kept. */
  public int position(int i) {
    return positions[i];
  }

  int[] tokenIds() {
    return tokenIds;
  }

  int[] documents() {
    return documents;
  }

  int[] positions() {
    return positions;
  }

  void set(int i, int tokenId, int document, int position) {
    tokenIds[i] = tokenId;
    documents[i] = document;
    positions[i] = position;
  }

  void copyTo(int first, int count, TokenOrigins to, int offset) {
    System.arraycopy(tokenIds, first, to.tokenIds, offset, count);
    System.arraycopy(documents, first, to.documents, offset, count);
    System.arraycopy(positions, first, to.positions, offset, count);
  }

  TokenOrigins first(int rows) {
    TokenOrigins part = ofSize(rows);
    copyTo(0, rows, part, 0);
    return part;
  }
}
