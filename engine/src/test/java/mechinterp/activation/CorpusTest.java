package mechinterp.activation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CorpusTest {
  @TempDir Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("corpus.txt"), text);
  }

  private static List<Document> documents(Corpus corpus) throws IOException {
    List<Document> documents = new ArrayList<>();
    try (Corpus.Reader reader = corpus.open()) {
      for (Optional<Document> next = reader.next(); next.isPresent(); next = reader.next()) {
        documents.add(next.get());
      }
      assertEquals(Optional.empty(), reader.next());
    }
    return documents;
  }

  private static Corpus numbered(int documents) {
    return Corpus.of(
        "numbers",
        IntStream.range(0, documents).mapToObj(i -> new Document("" + i, "text " + i)).toList());
  }

  @Test
  void aLineIsADocument() throws IOException {
    Corpus corpus = Corpus.text(file("\ufeffone\n\n  \t\n two words \r\nthree — ü"));
    List<Document> expected =
        List.of(
            new Document("line 1", "one"),
            new Document("line 4", "two words"),
            new Document("line 5", "three — ü"));
    assertEquals(expected, documents(corpus));
    assertEquals(expected, documents(corpus));
  }

  @Test
  void aParagraphIsADocument() throws IOException {
    Corpus corpus = Corpus.paragraphs(file("\n\none\n two \n\n\nthree\n\n"));
    assertEquals(
        List.of(new Document("line 3", "one two"), new Document("line 7", "three")),
        documents(corpus));
  }

  @Test
  void longFilesAreReadAcrossBuffers() throws IOException {
    List<String> lines =
        IntStream.range(0, 3000).mapToObj(i -> "line " + i + "ü".repeat(i % 97)).toList();
    Corpus corpus = Corpus.text(file(String.join("\n", lines)));
    assertEquals(lines, documents(corpus).stream().map(Document::text).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", " \n\t\r\n\n", "\ufeff"})
  void anEmptyCorpusIsRefused(String text) throws IOException {
    Path file = file(text);
    assertEquals(
        "corpus " + file + ": has no text; at least one document is needed",
        Refusal.of(FormatException.class, () -> Corpus.text(file)));
    assertThrows(FormatException.class, () -> Corpus.paragraphs(file));
    assertThrows(IllegalArgumentException.class, () -> Corpus.of("none", List.of()));
  }

  @Test
  void aLineThatIsNotUtf8IsNamed() throws IOException {
    byte[] text = "good\ngood\nb?d\n".getBytes(StandardCharsets.UTF_8);
    text[11] = (byte) 0xe9;
    Path file = Files.write(folder.resolve("latin.txt"), text);
    assertEquals(
        file + ": line 3 is not UTF-8; text must be UTF-8",
        Refusal.of(FormatException.class, () -> Corpus.text(file)));
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("none.txt");
    assertEquals(
        file + ": cannot be read: it does not exist",
        Refusal.of(IOException.class, () -> Corpus.text(file)));
  }

  @Test
  void theIdentityIsThatOfTheContent() throws IOException {
    String identity = Corpus.text(file("one\ntwo\n")).identity();
    Path other = Files.writeString(folder.resolve("other.txt"), "one\r\ntwo");
    assertEquals(identity, Corpus.text(other).identity());
    assertNotEquals(identity, Corpus.text(file("one\ntwp\n")).identity());
    assertNotEquals(identity, Corpus.paragraphs(other).identity());
    assertNotEquals(identity, Corpus.text(file("onetwo\n")).identity());
  }

  @Test
  void documentsInMemoryAreChecked() {
    assertThrows(
        IllegalArgumentException.class, () -> Corpus.of("x", List.of(new Document("a", " "))));
    assertThrows(
        IllegalArgumentException.class,
        () -> Corpus.of("x", List.of(new Document("a", "1"), new Document("a", "2"))));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.3, 0.5, 0.9})
  void everyDocumentIsInExactlyOnePart(double fraction) throws IOException {
    int size = 2000;
    Corpus corpus = numbered(size);
    for (long seed = 0; seed < 5; seed++) {
      CorpusSplit split = new CorpusSplit(corpus, fraction, seed);
      Set<Document> training = new HashSet<>(documents(split.training()));
      Set<Document> heldOut = new HashSet<>(documents(split.heldOut()));
      assertEquals(size, training.size() + heldOut.size());
      assertTrue(training.stream().noneMatch(heldOut::contains));
      double deviation = Math.sqrt(size * fraction * (1 - fraction));
      assertEquals(size * fraction, heldOut.size(), 4.5 * deviation);
    }
  }

  @Test
  void aDocumentStaysInItsPartWhenTheCorpusGrows() throws IOException {
    List<Document> small = documents(new CorpusSplit(numbered(500), 0.2, 3).heldOut());
    List<Document> large = documents(new CorpusSplit(numbered(700), 0.2, 3).heldOut());
    assertEquals(small, large.subList(0, small.size()));
  }

  @Test
  void theSeedDecides() throws IOException {
    Corpus corpus = numbered(300);
    CorpusSplit split = new CorpusSplit(corpus, 0.5, 1);
    assertEquals(documents(split.heldOut()), documents(new CorpusSplit(corpus, 0.5, 1).heldOut()));
    assertNotEquals(
        documents(split.heldOut()), documents(new CorpusSplit(corpus, 0.5, 2).heldOut()));
    assertNotEquals(
        split.heldOut().identity(), new CorpusSplit(corpus, 0.5, 2).heldOut().identity());
    assertNotEquals(split.heldOut().identity(), split.training().identity());
    assertFalse(split.training().identity().equals(corpus.identity()));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, -0.1, Double.NaN})
  void aFractionOutsideIsRefused(double fraction) {
    assertThrows(IllegalArgumentException.class, () -> new CorpusSplit(numbered(2), fraction, 0));
  }
}
