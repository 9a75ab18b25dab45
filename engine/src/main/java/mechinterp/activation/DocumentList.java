package mechinterp.activation;

import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import mechinterp.io.Sha256;

/** A corpus in memory. */
final class DocumentList implements Corpus {
  private final String name;
  private final List<Document> documents;
  private final String identity;

  DocumentList(String name, List<Document> documents) {
    this.name = name;
    this.documents = List.copyOf(documents);
    require(!documents.isEmpty(), "has no text; at least one document is needed");
    Set<String> ids = new HashSet<>();
    Sha256 hash = new Sha256();
    for (Document document : documents) {
      require(!document.text().isBlank(), "document " + document.id() + " is blank; it needs text");
      require(ids.add(document.id()), "has two documents " + document.id() + "; ids must differ");
      hash.add(document.id()).add(document.text());
    }
    identity = "documents " + hash.end();
  }

  private void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException("corpus " + name + ": " + problem);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String identity() {
    return identity;
  }

  @Override
  public Reader open() {
    return new ListReader(documents.iterator());
  }

  private record ListReader(Iterator<Document> documents) implements Reader {
    @Override
    public Optional<Document> next() {
      return documents.hasNext() ? Optional.of(documents.next()) : Optional.empty();
    }

    @Override
    public void close() {}
  }
}
