package mechinterp.experiments.languagemodel;

/** Where text comes from. */
enum Domain {
  EUROPARL_ENGLISH("Europarl, English"),
  EUROPARL_OTHER("Europarl, 20 other languages"),
  WORDNET("WordNet 3.1 glosses"),
  JAVA("Java sources with Javadoc");

  private final String title;

  Domain(String title) {
    this.title = title;
  }

  /** Returns its name for people. */
  String title() {
    return title;
  }
}
