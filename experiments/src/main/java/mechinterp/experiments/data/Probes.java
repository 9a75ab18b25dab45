package mechinterp.experiments.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.TokenOrigins;
import mechinterp.experiments.text.WordNet;
import mechinterp.metrics.SparseProbing;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;

/**
 * {@link SparseProbing} of subjects: whether a dictionary entry is of an act, an animal, an
 * artifact, a body part, communication, food, a person or a plant, against entries of other
 * subjects. Of each subject and of all others there are as many entries; two thirds are trained on.
 */
public final class Probes {
  private static final List<Integer> SUBJECTS = List.of(4, 5, 6, 8, 10, 13, 18, 20);
  private static final List<Integer> LATENTS = List.of(1, 5, 16);
  private static final int OTHERS = -1;

  private final List<Integer> subjects;
  private final ActivationStore store;
  private final long seed;

  private Probes(List<Integer> subjects, ActivationStore store, long seed) {
    this.subjects = subjects;
    this.store = store;
    this.seed = seed;
  }

  /** Makes activations of texts. */
  @FunctionalInterface
  public interface Harvest {
    ActivationStore of(Corpus corpus) throws IOException;
  }

  /**
   * Draws entries.
   *
   * @param entries how many of each subject
   */
  public static Probes of(int entries, long seed, Harvest harvest) throws IOException {
    Map<Integer, List<Document>> bySubject = new LinkedHashMap<>();
    for (WordNet.Noun noun : shuffled(WordNet.nouns(), seed)) {
      boolean isSubject = SUBJECTS.contains(noun.lexicographerFile());
      List<Document> chosen =
          bySubject.computeIfAbsent(
              isSubject ? noun.lexicographerFile() : OTHERS, _ -> new ArrayList<>());
      if (chosen.size() < entries) {
        chosen.add(noun.entry());
      }
    }
    List<Document> documents = new ArrayList<>();
    List<Integer> subjects = new ArrayList<>();
    bySubject.forEach((subject, chosen) ->
        chosen.forEach(each -> {
          documents.add(each);
          subjects.add(subject);
        }));
    return new Probes(subjects, harvest.of(Corpus.of("WordNet nouns", documents)), seed);
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
    List<float[]> pooled = pooled(sae);
    Map<String, Double> figures = new LinkedHashMap<>();
    for (int k : LATENTS) {
      double sum = 0;
      for (int subject : SUBJECTS) {
        List<Integer> entries = entries(subject);
        int border = entries.size() * 2 / 3;
        sum +=
            SparseProbing.accuracy(
                texts(entries.subList(0, border), subject, pooled),
                texts(entries.subList(border, entries.size()), subject, pooled),
                k);
      }
      figures.put("probe_" + k, sum / SUBJECTS.size());
    }
    return figures;
  }

  /** Returns the entries of a subject and as many of others, mixed. */
  private List<Integer> entries(int subject) {
    List<Integer> own = new ArrayList<>();
    List<Integer> others = new ArrayList<>();
    for (int i : RandomStream.of(seed, "probe " + subject).permutation(subjects.size())) {
      (subjects.get(i) == subject ? own : others).add(i);
    }
    List<Integer> mixed = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
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

  public void close() {
    store.close();
  }
}
