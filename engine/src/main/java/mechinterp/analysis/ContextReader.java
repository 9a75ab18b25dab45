package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationStore;
import mechinterp.analysis.FeatureContext.ContextToken;
import mechinterp.sae.Sae;

/**
 * Reads the text around many places of a store at once: every row that some context needs is
 * encoded once, however many contexts need it.
 */
final class ContextReader {
  private final Sae sae;
  private final ActivationStore store;
  private final FeatureAnalysisConfig config;

  ContextReader(Sae sae, ActivationStore store, FeatureAnalysisConfig config) {
    this.sae = sae;
    this.store = store;
    this.config = config;
  }

  /** A context that is being filled. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and filled only here
  private record Wanted(LatentPeak place, Window window, float[] activations) {
    int end() {
      return window.first() + window.size();
    }

    FeatureContext context() {
      List<ContextToken> tokens =
          IntStream.range(0, activations.length)
              .mapToObj(i -> new ContextToken(window.tokenIds().get(i), activations[i]))
              .toList();
      return new FeatureContext(place.peak().document(), tokens, window.peak());
    }
  }

  /** Returns the contexts in the order of the places. */
  List<FeatureContext> read(List<LatentPeak> places) {
    List<Wanted> all = places.stream().map(this::wanted).toList();
    fill(all);
    return all.stream().map(Wanted::context).toList();
  }

  private Wanted wanted(LatentPeak place) {
    Window window = Window.around(store, place.peak(), config);
    return new Wanted(place, window, new float[window.size()]);
  }

  private void fill(List<Wanted> all) {
    BitSet needed = new BitSet();
    all.forEach(wanted -> needed.set(wanted.window().first(), wanted.end()));
    int[] rows = needed.stream().toArray();
    if (rows.length == 0) {
      return;
    }
    List<Wanted> sorted = new ArrayList<>(all);
    sorted.sort(Comparator.comparingInt(wanted -> wanted.window().first()));
    int batchSize = EncodedBatch.capacity(sae, Math.min(config.batchSize(), rows.length));
    EncodedBatch batch = new EncodedBatch(sae, batchSize);
    int begin = 0;
    for (int from = 0; from < rows.length; from += batchSize) {
      int count = Math.min(batchSize, rows.length - from);
      batch.encode(store, rows, from, count);
      begin = firstReaching(sorted, begin, rows[from]);
      fill(sorted.subList(begin, sorted.size()), batch, rows, from, from + count);
    }
  }

  /** Contexts that begin longest-context rows or more before a row have ended there. */
  private int firstReaching(List<Wanted> sorted, int begin, int row) {
    int longest = config.tokensBefore() + 1 + config.tokensAfter();
    int first = begin;
    while (first < sorted.size() && sorted.get(first).window().first() + longest <= row) {
      first++;
    }
    return first;
  }

  private static void fill(List<Wanted> sorted, EncodedBatch batch, int[] rows, int from, int to) {
    for (Wanted wanted : sorted) {
      int first = wanted.window().first();
      if (first > rows[to - 1]) {
        return;
      }
      int end = Math.min(wanted.end(), rows[to - 1] + 1);
      for (int row = Math.max(first, rows[from]); row < end; row++) {
        int place = Arrays.binarySearch(rows, from, to, row) - from;
        wanted.activations()[row - first] = batch.activation(place, wanted.place().latent());
      }
    }
  }
}
