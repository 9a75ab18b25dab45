package mechinterp.experiments.text;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.Corpus;
import mechinterp.activation.CorpusSplit;
import mechinterp.activation.Document;
import mechinterp.random.RandomStream;

/**
 * Documents that come with the program, in a random order, so that any first part of them is of all
 * sources, in two parts that share none.
 *
 * @param name what the documents are
 * @param training the part to train on
 * @param heldOut the part to measure on
 */
public record SplitText(String name, Corpus training, Corpus heldOut) {

  /**
   * Reads the sources that settings name.
   *
   * @throws IOException when one cannot be read
   */
  public static SplitText read(TextSettings settings) throws IOException {
    List<Document> documents = new ArrayList<>();
    List<String> names = new ArrayList<>();
    if (settings.europarl()) {
      documents.addAll(Europarl.english());
      names.add("Europarl (English)");
    }
    if (settings.wordnetFraction() > 0) {
      documents.addAll(sample(WordNet.glosses(), settings));
      names.add("WordNet 3.1 glosses");
    }
    String name = String.join(" and ", names);
    Corpus corpus = Corpus.of(name, shuffled(documents, settings.seed()));
    CorpusSplit split = new CorpusSplit(corpus, settings.heldOutFraction(), settings.seed());
    return new SplitText(name, split.training(), split.heldOut());
  }

  private static List<Document> sample(List<Document> entries, TextSettings settings) {
    RandomStream random = RandomStream.of(settings.seed(), "sample");
    List<Document> chosen = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      if (random.uniform(i) < settings.wordnetFraction()) {
        chosen.add(entries.get(i));
      }
    }
    return chosen;
  }

  private static List<Document> shuffled(List<Document> documents, long seed) {
    List<Document> shuffled = new ArrayList<>();
    for (int i : RandomStream.of(seed, "document order").permutation(documents.size())) {
      shuffled.add(documents.get(i));
    }
    return shuffled;
  }

  /** Returns the first documents of a part, at most {@code most}. */
  public static List<Document> first(Corpus part, int most) throws IOException {
    List<Document> documents = new ArrayList<>();
    try (Corpus.Reader reader = part.open()) {
      Optional<Document> next = reader.next();
      while (next.isPresent() && documents.size() < most) {
        documents.add(next.get());
        next = reader.next();
      }
    }
    return documents;
  }
}
