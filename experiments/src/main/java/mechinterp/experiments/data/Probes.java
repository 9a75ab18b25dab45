package mechinterp.experiments.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.TokenOrigins;
import mechinterp.experiments.text.Europarl;
import mechinterp.experiments.text.WordNet;
import mechinterp.metrics.SparseProbing;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;

/**
 * {@link SparseProbing} of subjects of texts, each against texts of other subjects. Of each subject
 * and of all others there are as many texts; two thirds are trained on.
 */
public final class Probes {
  private static final List<Integer> SUBJECTS = List.of(4, 5, 6, 8, 10, 13, 18, 20);
  private static final List<Integer> LATENTS = List.of(1, 5, 16);
  private static final int OTHERS = -1;
  private static final int ENGLISH = 1;
  private static final int LONGEST_PASSAGE = 300;

  private final List<Integer> told;
  private final List<Integer> subjects;
  private final ActivationStore store;
  private final long seed;

  private Probes(List<Integer> told, List<Integer> subjects, ActivationStore store, long seed) {
    this.told = told;
    this.subjects = subjects;
    this.store = store;
    this.seed = seed;
  }

  /** Makes activations of texts. */
  @FunctionalInterface
  public interface Harvest {
    /** Makes them. */
    ActivationStore of(Corpus corpus) throws IOException;
  }

  /**
   * Draws dictionary entries: of an act, an animal, an artifact, a body part, communication, food,
   * a person or a plant, and as many of other subjects.
   *
   * @param entries how many of each subject
   */
  public static Probes of(int entries, long seed, Harvest harvest) throws IOException {
    Map<Integer, List<Document>> bySubject = new LinkedHashMap<>();
    for (WordNet.Noun noun : shuffled(WordNet.nouns(), seed)) {
      boolean isSubject = SUBJECTS.contains(noun.lexicographerFile());
      addTo(bySubject, isSubject ? noun.lexicographerFile() : OTHERS, noun.entry(), entries);
    }
    return of(SUBJECTS, "WordNet nouns", bySubject, seed, harvest);
  }

  /**
   * Draws the beginnings of Europarl passages, in English and in the twenty other languages.
   *
   * @param passages how many of each
   */
  public static Probes ofLanguage(int passages, long seed, Harvest harvest) throws IOException {
    Map<Integer, List<Document>> bySubject = new LinkedHashMap<>();
    for (Europarl.Passage passage : shuffled(Europarl.passages(), seed)) {
      String text = passage.text();
      Document beginning =
          new Document(
              "europarl line " + passage.line(),
              text.substring(0, Math.min(text.length(), LONGEST_PASSAGE)));
      addTo(bySubject, Europarl.isEnglish(text) ? ENGLISH : OTHERS, beginning, passages);
    }
    return of(List.of(ENGLISH), "Europarl passages", bySubject, seed, harvest);
  }

  private static void addTo(
      Map<Integer, List<Document>> bySubject, int subject, Document document, int most) {
    List<Document> chosen = bySubject.computeIfAbsent(subject, _ -> new ArrayList<>());
    if (chosen.size() < most) {
      chosen.add(document);
    }
  }

  private static Probes of(
      List<Integer> told,
      String name,
      Map<Integer, List<Document>> bySubject,
      long seed,
      Harvest harvest)
      throws IOException {
    List<Document> documents = new ArrayList<>();
    List<Integer> subjects = new ArrayList<>();
    bySubject.forEach((subject, chosen) ->
        chosen.forEach(each -> {
          documents.add(each);
          subjects.add(subject);
        }));
    return new Probes(told, subjects, harvest.of(Corpus.of(name, documents)), seed);
  }

  private static <T> List<T> shuffled(List<T> all, long seed) {
    List<T> shuffled = new ArrayList<>();
    for (int i : RandomStream.of(seed, "probes").permutation(all.size())) {
      shuffled.add(all.get(i));
    }
    return shuffled;
  }

  /** Returns the mean accuracy over the subjects by number of latents. */
  public Map<String, Double> accuracies(Sae sae) {
    Map<String, Double> figures = new LinkedHashMap<>();
    right(sae, LATENTS)
        .forEach((k, bySubject) ->
            figures.put(
                "probe_" + k,
                bySubject.stream().mapToDouble(Answers::accuracy).average().orElseThrow()));
    return figures;
  }

  /**
   * The answers to the test texts of a subject.
   *
   * @param right which are right
   * @param texts how many there are
   */
  public record Answers(BitSet right, int texts) {
    private double accuracy() {
      return (double) right.cardinality() / texts;
    }
  }

  /**
   * Returns the answers for each subject.
   *
   * @param latents the numbers of latents that answer
   */
  public Map<Integer, List<Answers>> right(Sae sae, List<Integer> latents) {
    List<float[]> pooled = pooled(sae);
    Map<Integer, List<Answers>> answers = new LinkedHashMap<>();
    for (int k : latents) {
      answers.put(k, told.stream().map(subject -> right(subject, pooled, k)).toList());
    }
    return answers;
  }

  /** Returns the answers of all numbers of the activations themselves for each subject. */
  public List<Answers> rightOfActivations() {
    List<float[]> pooled = pooledActivations();
    return told.stream().map(subject -> right(subject, pooled, store.dIn())).toList();
  }

  private Answers right(int subject, List<float[]> pooled, int k) {
    List<Integer> entries = entries(subject);
    int border = entries.size() * 2 / 3;
    BitSet right =
        SparseProbing.right(
            texts(entries.subList(0, border), subject, pooled),
            texts(entries.subList(border, entries.size()), subject, pooled),
            k);
    return new Answers(right, entries.size() - border);
  }

  /** Returns the entries of a subject and as many of others, mixed. */
  private List<Integer> entries(int subject) {
    List<Integer> own = new ArrayList<>();
    List<Integer> others = new ArrayList<>();
    for (int i : RandomStream.of(seed, "probe " + subject).permutation(subjects.size())) {
      (subjects.get(i) == subject ? own : others).add(i);
    }
    List<Integer> mixed = new ArrayList<>();
    for (int i = 0; i < Math.min(own.size(), others.size()); i++) {
      mixed.add(own.get(i));
      mixed.add(others.get(i));
    }
    return mixed;
  }

  private SparseProbing.Texts texts(List<Integer> entries, int subject, List<float[]> pooled) {
    SparseProbing.Texts texts = new SparseProbing.Texts();
    entries.forEach(entry -> texts.add(pooled.get(entry), subjects.get(entry) == subject));
    return texts;
  }

  /** Returns the mean over the tokens of each entry. */
  private List<float[]> pooledActivations() {
    int[] tokens = new int[subjects.size()];
    TokenOrigins origins = store.origins(0, store.tokens());
    for (int i = 0; i < origins.size(); i++) {
      tokens[origins.document(i)]++;
    }
    List<float[]> pooled = new ArrayList<>();
    subjects.forEach(_ -> pooled.add(new float[store.dIn()]));
    float[] row = new float[store.dIn()];
    for (int i = 0; i < origins.size(); i++) {
      store.read(i, 1, row, 0);
      float[] sums = pooled.get(origins.document(i));
      for (int j = 0; j < row.length; j++) {
        sums[j] += row[j] / tokens[origins.document(i)];
      }
    }
    return pooled;
  }

  /** Returns the mean activation of each latent over the tokens of each entry. */
  private List<float[]> pooled(Sae sae) {
    List<float[]> pooled = new ArrayList<>();
    subjects.forEach(_ -> pooled.add(new float[sae.dSae()]));
    int[] tokens = new int[subjects.size()];
    TokenOrigins origins = store.origins(0, store.tokens());
    for (int i = 0; i < origins.size(); i++) {
      tokens[origins.document(i)]++;
    }
    EncodedStore.of(
        sae,
        store,
        part -> {
          for (int t = 0; t < part.counts().length; t++) {
            int document = origins.document(part.first() + t);
            int from = t * part.capacity();
            for (int i = from; i < from + part.counts()[t]; i++) {
              pooled.get(document)[part.indices()[i]] += part.values()[i] / tokens[document];
            }
          }
        });
    return pooled;
  }

  /** Closes the activations. */
  public void close() {
    store.close();
  }
}
