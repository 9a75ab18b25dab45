package mechinterp.activation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A text: documents in a fixed order, under one name. */
public interface Corpus {
  /** Returns the name that messages use, such as the file's. */
  String name();

  /**
   * Returns a string that differs when the documents differ: a hash of the content, and how it was
   * divided.
   */
  String identity();

  /**
   * Begins to read the documents from the first on.
   *
   * @throws IOException when the text cannot be read
   */
  Reader open() throws IOException;

  /** Reads the documents of a corpus one by one. */
  interface Reader extends AutoCloseable {
    /**
     * Returns the next document, or nothing at the end.
     *
     * @throws IOException when the text cannot be read
     */
    Optional<Document> next() throws IOException;

    /** Ends reading. */
    @Override
    void close() throws IOException;
  }

  /**
   * Reads a text file (UTF-8) of which each line that is not blank is a document, with the id
   * {@code line N}. The file is read once now, for its identity, and streamed each time after.
   *
   * @throws mechinterp.io.FormatException when it has no text, or a line is not UTF-8
   * @throws IOException when it cannot be read
   */
  static Corpus text(Path file) throws IOException {
    return TextCorpus.of(file, TextCorpus.Division.LINES);
  }

  /**
   * Reads a text file (UTF-8) of which blank lines part the documents, as in prose that is broken
   * into lines; a document has the id {@code line N} of its first line, and its lines are joined by
   * spaces.
   *
   * @throws mechinterp.io.FormatException when it has no text, or a line is not UTF-8
   * @throws IOException when it cannot be read
   */
  static Corpus paragraphs(Path file) throws IOException {
    return TextCorpus.of(file, TextCorpus.Division.PARAGRAPHS);
  }

  /**
   * Makes a corpus of documents in memory.
   *
   * @throws IllegalArgumentException when there is none, one is blank, or two have the same id
   */
  static Corpus of(String name, List<Document> documents) {
    return new DocumentList(name, documents);
  }
}
