package mechinterp.experiments.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mechinterp.activation.Document;
import mechinterp.io.FormatException;
import org.junit.jupiter.api.Test;

class RealTextTest {

  @Test
  void theEnglishPartOfEuroparlIsADocumentForEachDay() throws IOException {
    List<Document> days = Europarl.english();
    assertEquals(638, days.size());
    long characters = days.stream().mapToLong(day -> day.text().length()).sum();
    assertTrue(characters > 1_200_000, "characters: " + characters);
    Set<String> ids = new HashSet<>();
    for (Document day : days) {
      assertTrue(day.id().matches("europarl \\d{4}-\\d\\d-\\d\\d"), day.id());
      assertTrue(ids.add(day.id()), day.id() + " is there twice");
    }
  }

  @Test
  void passagesOfOneDayAreOneDocument() throws IOException {
    String english = "It is the view of the committee that this will be on the agenda";
    String lines =
        "Fish\t2001-05-02\t%s\n(1)\t2001-05-03\tIl est vrai que nous avons\nWine\t2001-05-02\t%s\n"
            .formatted(english, english);
    assertEquals(
        List.of(new Document("europarl 2001-05-02", english + "\n\n" + english)),
        Europarl.english(reader(lines)));
  }

  @Test
  void passagesAreAllLanguagesWithTheirDays() throws IOException {
    List<Europarl.Passage> passages = Europarl.passages();
    assertEquals(17_597, passages.size());
    assertEquals(1, passages.getFirst().line());
    assertEquals("2004-03-30", passages.getFirst().day());
    assertTrue(passages.getFirst().text().startsWith("Istituzioni europee"));
    long english = passages.stream().filter(each -> Europarl.isEnglish(each.text())).count();
    assertTrue(english > 500 && english < 2000, "English: " + english);
  }

  @Test
  void otherLanguagesAreNotEnglish() {
    assertTrue(Europarl.isEnglish("The question is whether we have the means to do it."));
    assertFalse(Europarl.isEnglish("Die Frage ist, ob wir die Mittel dazu haben."));
    assertFalse(
        Europarl.isEnglish(
            "Het is de vraag of wij in dat geval de middelen daarvoor hebben en wie ze betaalt"));
    assertFalse(Europarl.isEnglish(""));
  }

  @Test
  void aLineOfEuroparlWithoutItsFieldsIsRefusedByNumber() {
    FormatException refused =
        assertThrows(FormatException.class, () -> Europarl.english(reader("a\tb\tc\nno tabs")));
    assertTrue(refused.toString().contains("line 2"), refused.toString());
  }

  @Test
  void wordNetHasAllItsEntries() throws IOException {
    List<Document> entries = WordNet.glosses();
    assertEquals(117_791, entries.size());
    Document breathe =
        entries.stream()
            .filter(entry -> entry.id().equals("wordnet v00001740"))
            .findFirst()
            .orElseThrow();
    assertEquals(
        "breathe, take a breath, respire, suspire: draw air into, and expel out of, the lungs; \"I can breathe better when the air is clean\"; \"The patient is respiring\"",
        breathe.text());
  }

  @Test
  void markersOfAdjectivesAreNotText() throws IOException {
    List<Document> documents = new ArrayList<>();
    String line = "00014490 00 s 02 afloat(p) 0 set_off(ip) 0 001 & 1 a 0000 | adrift  ";
    WordNet.addEntries(documents, "data.adj", reader(line));
    assertEquals(List.of(new Document("wordnet s00014490", "afloat, set off: adrift")), documents);
  }

  @Test
  void aBrokenEntryIsRefusedByNumber() {
    for (String line : List.of("nothing", "1 2 n zz a 0 | g", "1 2 n 09 a 0 | g")) {
      FormatException refused =
          assertThrows(
              FormatException.class,
              () ->
                  WordNet.addEntries(new ArrayList<>(), "data.noun", reader("  licence\n" + line)));
      assertTrue(refused.toString().contains("line 2"), refused.toString());
    }
  }

  private static BufferedReader reader(String text) {
    return new BufferedReader(new StringReader(text));
  }
}
