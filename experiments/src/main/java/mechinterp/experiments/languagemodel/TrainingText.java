package mechinterp.experiments.languagemodel;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.activation.Document;
import mechinterp.experiments.text.Europarl;
import mechinterp.experiments.text.JavaLibrary;
import mechinterp.experiments.text.JavaSources;
import mechinterp.experiments.text.WordNet;
import mechinterp.io.hub.MavenArtifacts;
import mechinterp.random.RandomStream;

/**
 * The documents of a language model by domain, in three parts. The part of a document follows from
 * the seed and its key alone: its id, and for all passages of a day of Europarl, in whatever
 * language, that day, because they may say the same.
 */
final class TrainingText {
  /** What a document is for. */
  enum Part {
    TRAINING,
    VALIDATION,
    TEST
  }

  private final LanguageModelConfig.Text settings;
  private final Map<Domain, Map<Part, List<Document>>> documents = new LinkedHashMap<>();

  private TrainingText(LanguageModelConfig.Text settings) {
    this.settings = settings;
  }

  /**
   * Reads all sources.
   *
   * @throws IOException when one cannot be read or fetched
   */
  static TrainingText read(LanguageModelConfig.Text settings, MavenArtifacts maven)
      throws IOException {
    TrainingText text = new TrainingText(settings);
    text.readEuroparl();
    for (Document entry : WordNet.glosses()) {
      text.add(Domain.WORDNET, entry, entry.id(), settings.wordnetFraction());
    }
    for (JavaLibrary library : settings.javaSources()) {
      for (Document file : JavaSources.of(maven.jar(library.sources()))) {
        text.add(Domain.JAVA, file, file.id(), settings.javaFraction());
      }
    }
    return text;
  }

  private void readEuroparl() throws IOException {
    for (Document day : Europarl.english()) {
      add(Domain.EUROPARL_ENGLISH, day, day.id(), 1);
    }
    for (Europarl.Passage passage : Europarl.passages()) {
      if (!Europarl.isEnglish(passage.text())) {
        String id = "europarl line " + passage.line();
        add(
            Domain.EUROPARL_OTHER,
            new Document(id, passage.text()),
            "europarl " + passage.day(),
            settings.europarlOtherFraction());
      }
    }
  }

  private void add(Domain domain, Document document, String key, double fraction) {
    if (RandomStream.of(settings.seed(), "sample/" + document.id()).uniform(0) < fraction) {
      documents
          .computeIfAbsent(domain, _ -> new LinkedHashMap<>())
          .computeIfAbsent(part(key), _ -> new ArrayList<>())
          .add(document);
    }
  }

  private Part part(String key) {
    double place = RandomStream.of(settings.seed(), "split/" + key).uniform(0);
    if (place < settings.testFraction()) {
      return Part.TEST;
    }
    return place < settings.testFraction() + settings.validationFraction()
        ? Part.VALIDATION
        : Part.TRAINING;
  }

  /** Returns the texts of a domain in a part, in the order of their source. */
  List<String> texts(Domain domain, Part part) {
    return documents.getOrDefault(domain, Map.of()).getOrDefault(part, List.of()).stream()
        .map(Document::text)
        .toList();
  }

  /** Returns the texts of all domains in a part, in a random order of the seed. */
  List<String> shuffled(Part part) {
    List<String> all = new ArrayList<>();
    for (Domain domain : Domain.values()) {
      all.addAll(texts(domain, part));
    }
    List<String> shuffled = new ArrayList<>();
    for (int i : RandomStream.of(settings.seed(), "order/" + part).permutation(all.size())) {
      shuffled.add(all.get(i));
    }
    return shuffled;
  }
}
