package mechinterp.activation;

import java.io.IOException;
import java.util.Optional;
import mechinterp.random.RandomStream;

/**
 * A corpus in two parts that share no document: one to train on, one held out to measure on. A
 * document is held out when the number that the seed and its id give, uniform on [0, 1), is below
 * the fraction; so it stays in its part when documents are added to the corpus.
 */
public final class CorpusSplit {
  private final Corpus corpus;
  private final double heldOutFraction;
  private final long seed;

  /**
   * Divides a corpus.
   *
   * @param heldOutFraction about how many of the documents are held out, in (0, 1)
   * @throws IllegalArgumentException when the fraction is not
   */
  public CorpusSplit(Corpus corpus, double heldOutFraction, long seed) {
    if (!(heldOutFraction > 0 && heldOutFraction < 1)) {
      throw new IllegalArgumentException(
          "held_out_fraction: is " + heldOutFraction + "; it must be between 0 and 1");
    }
    this.corpus = corpus;
    this.heldOutFraction = heldOutFraction;
    this.seed = seed;
  }

  /** Returns the part to train on. */
  public Corpus training() {
    return new Part(this, false);
  }

  /** Returns the part to measure on. */
  public Corpus heldOut() {
    return new Part(this, true);
  }

  private boolean isHeldOut(Document document) {
    return RandomStream.of(seed, "split/" + document.id()).uniform(0) < heldOutFraction;
  }

  private record Part(CorpusSplit split, boolean heldOut) implements Corpus {
    @Override
    public String name() {
      return split.corpus.name() + (heldOut ? " (held-out part)" : " (training part)");
    }

    @Override
    public String identity() {
      return "%s, %s part of the split %s of seed %d"
          .formatted(
              split.corpus.identity(),
              heldOut ? "held-out" : "training",
              split.heldOutFraction,
              split.seed);
    }

    @Override
    public Reader open() throws IOException {
      return new PartReader(split.corpus.open(), this);
    }

    boolean holds(Document document) {
      return split.isHeldOut(document) == heldOut;
    }
  }

  private record PartReader(Corpus.Reader all, Part part) implements Corpus.Reader {
    @Override
    public Optional<Document> next() throws IOException {
      Optional<Document> document = all.next();
      while (document.isPresent() && !part.holds(document.get())) {
        document = all.next();
      }
      return document;
    }

    @Override
    public void close() throws IOException {
      all.close();
    }
  }
}
