package mechinterp.circuits;

import java.util.ArrayList;
import java.util.List;
import mechinterp.circuits.TaskTemplate.Prompt;

/** The words of the tasks, and the prompts that they make. */
final class PromptWords {
  /** Two forms of which a prompt has one and its twin the other. */
  private record Forms(String one, String other) {}

  private static final List<Forms> NOUNS =
      List.of(
          new Forms("question", "questions"),
          new Forms("member", "members"),
          new Forms("country", "countries"),
          new Forms("tree", "trees"),
          new Forms("letter", "letters"),
          new Forms("key", "keys"),
          new Forms("report", "reports"),
          new Forms("book", "books"),
          new Forms("dog", "dogs"),
          new Forms("cat", "cats"),
          new Forms("house", "houses"),
          new Forms("problem", "problems"),
          new Forms("proposal", "proposals"),
          new Forms("amendment", "amendments"),
          new Forms("measure", "measures"),
          new Forms("state", "states"),
          new Forms("government", "governments"),
          new Forms("company", "companies"),
          new Forms("plant", "plants"),
          new Forms("animal", "animals"),
          new Forms("right", "rights"),
          new Forms("rule", "rules"),
          new Forms("law", "laws"),
          new Forms("result", "results"),
          new Forms("value", "values"),
          new Forms("element", "elements"),
          new Forms("teacher", "teachers"),
          new Forms("car", "cars"));

  private static final List<Forms> VERBS =
      List.of(new Forms(" is", " are"), new Forms(" was", " were"), new Forms(" has", " have"));

  private static final List<String> SUBJECTS = List.of("The %s", "But the %s", "I think the %s");

  private static final List<Forms> PEOPLE =
      List.of(
          new Forms("man", "woman"),
          new Forms("boy", "girl"),
          new Forms("father", "mother"),
          new Forms("king", "queen"),
          new Forms("son", "daughter"),
          new Forms("brother", "sister"),
          new Forms("husband", "wife"),
          new Forms("uncle", "aunt"),
          new Forms("actor", "actress"),
          new Forms("prince", "princess"));

  private static final List<String> STATEMENTS =
      List.of(
          "The %s said that",
          "My %s said that",
          "The %s was tired because",
          "I asked the %s whether",
          "The old %s knew that",
          "The %s did not know what");

  private static final List<String> NAMES =
      List.of(
          "John", "Mary", "James", "William", "Tom", "Peter", "Paul", "Anna", "David", "George",
          "Robert", "Henry", "Alice", "Jane", "Michael", "Sarah", "Daniel", "Laura", "Mark",
          "Charles");

  private static final List<String> GIFTS =
      List.of(
          "When %s and %s went to the house, %s gave a letter to",
          "Then, %s and %s had a long talk, and %s gave a book to",
          "After %s and %s came to the office, %s said to");

  private static final List<String> EVENTS =
      List.of(
          "The war lasted from the year %s to the year %s",
          "The work went on from the year %s to the year %s");

  /** Not all tokenizers have both as one token. */
  private static final List<String> FIRST_YEARS = List.of("01", "00");

  private static final int MOST_YEARS = 30;

  private PromptWords() {}

  static List<Prompt> agreement() {
    List<Prompt> prompts = new ArrayList<>();
    for (String subject : SUBJECTS) {
      for (Forms noun : NOUNS) {
        for (Forms verb : VERBS) {
          addTwins(prompts, subject, noun, verb);
        }
      }
    }
    return prompts;
  }

  static List<Prompt> pronouns() {
    List<Prompt> prompts = new ArrayList<>();
    Forms pronouns = new Forms(" he", " she");
    for (String statement : STATEMENTS) {
      for (Forms person : PEOPLE) {
        addTwins(prompts, statement, person, pronouns);
      }
    }
    return prompts;
  }

  /** Adds the prompt with either form. */
  private static void addTwins(List<Prompt> prompts, String template, Forms word, Forms next) {
    String one = template.formatted(word.one());
    String other = template.formatted(word.other());
    prompts.add(new Prompt(one, other, next.one(), next.other()));
    prompts.add(new Prompt(other, one, next.other(), next.one()));
  }

  static List<Prompt> indirectObjects() {
    List<Prompt> prompts = new ArrayList<>();
    for (String gift : GIFTS) {
      for (String a : NAMES) {
        for (String b : NAMES) {
          if (!a.equals(b)) {
            prompts.add(
                new Prompt(gift.formatted(a, b, b), gift.formatted(a, b, a), " " + a, " " + b));
          }
        }
      }
    }
    return prompts;
  }

  /**
   * Years whose last two digits are cut off: an answer is as much later as the wrong one is
   * earlier.
   */
  static List<Prompt> years() {
    List<Prompt> prompts = new ArrayList<>();
    for (String event : EVENTS) {
      for (int year = 11; year < 90; year++) {
        for (int between = 1; between <= Math.min(MOST_YEARS, year); between++) {
          addYear(prompts, event, year, between);
        }
      }
    }
    return prompts;
  }

  private static void addYear(List<Prompt> prompts, String event, int year, int between) {
    for (String first : FIRST_YEARS) {
      prompts.add(
          new Prompt(
              event.formatted("17" + year, "17"),
              event.formatted("17" + first, "17"),
              String.valueOf(year + between),
              "%02d".formatted(year - between)));
    }
  }

  /** Years whose decades are single digits: the answer is two decades later. */
  static List<Prompt> decades() {
    List<Prompt> prompts = new ArrayList<>();
    for (String event : EVENTS) {
      for (int year = 20; year < 80; year++) {
        prompts.add(
            new Prompt(
                event.formatted("17" + year, "17"),
                event.formatted("17" + FIRST_YEARS.getFirst(), "17"),
                String.valueOf(year / 10 + 2),
                String.valueOf(year / 10 - 1)));
      }
    }
    return prompts;
  }
}
