package mechinterp.activation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.Sha256;

/** A corpus in a text file, which is streamed. */
final class TextCorpus implements Corpus {
  /** What a document is. */
  enum Division {
    LINES,
    PARAGRAPHS
  }

  private final Path file;
  private final Division division;
  private final String identity;

  private TextCorpus(Path file, Division division, String identity) {
    this.file = file;
    this.division = division;
    this.identity = identity;
  }

  static TextCorpus of(Path file, Division division) throws IOException {
    String kind = division.name().toLowerCase(Locale.ROOT);
    return new TextCorpus(file, division, kind + " " + hash(file, division));
  }

  private static String hash(Path file, Division division) throws IOException {
    Sha256 hash = new Sha256();
    long documents = 0;
    try (Reader reader = open(file, division)) {
      for (Optional<Document> next = reader.next(); next.isPresent(); next = reader.next()) {
        hash.add(next.get().id()).add(next.get().text());
        documents++;
      }
    }
    if (documents == 0) {
      throw new FormatException("corpus " + file, "has no text; at least one document is needed");
    }
    return hash.end();
  }

  @Override
  public String name() {
    return file.toString();
  }

  @Override
  public String identity() {
    return identity;
  }

  @Override
  public Reader open() throws IOException {
    return open(file, division);
  }

  private static Reader open(Path file, Division division) throws IOException {
    LineReader lines = LineReader.open(file);
    return switch (division) {
      case LINES -> new Lines(lines);
      case PARAGRAPHS -> new Paragraphs(lines);
    };
  }

  /** Returns the next line that is not blank. */
  private static Optional<String> nextText(LineReader lines) throws IOException {
    Optional<String> line = lines.next();
    while (line.isPresent() && line.get().isBlank()) {
      line = lines.next();
    }
    return line.map(String::strip);
  }

  private record Lines(LineReader lines) implements Reader {
    @Override
    public Optional<Document> next() throws IOException {
      return nextText(lines).map(text -> new Document("line " + lines.number(), text));
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  private record Paragraphs(LineReader lines) implements Reader {
    @Override
    public Optional<Document> next() throws IOException {
      Optional<String> first = nextText(lines);
      if (first.isEmpty()) {
        return Optional.empty();
      }
      String id = "line " + lines.number();
      StringBuilder text = new StringBuilder(first.get());
      Optional<String> line = lines.next();
      while (line.isPresent() && !line.get().isBlank()) {
        text.append(' ').append(line.get().strip());
        line = lines.next();
      }
      return Optional.of(new Document(id, text.toString()));
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }
}
