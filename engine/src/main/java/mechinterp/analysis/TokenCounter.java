package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import org.eclipse.collections.impl.map.mutable.primitive.IntIntHashMap;
import org.eclipse.collections.impl.map.mutable.primitive.IntLongHashMap;

/** Counts tokens beside and under the sampled rows of a latent. */
final class TokenCounter {
  private static final Comparator<TokenLift> MOST_TELLING_FIRST =
      Comparator.comparingDouble(TokenLift::information).reversed().thenComparing(TokenLift::id);

  private final ActivationStore store;
  private final IntLongHashMap counts;

  /**
   * Counts in a store.
   *
   * @param counts how often each token is in it
   */
  TokenCounter(ActivationStore store, IntLongHashMap counts) {
    this.store = store;
    this.counts = counts;
  }

  /** Returns the tokens of rows and beside them, the {@code most} that tell most of each place. */
  FeatureTokens count(int[] rows, int most) {
    IntIntHashMap before = new IntIntHashMap();
    IntIntHashMap on = new IntIntHashMap();
    IntIntHashMap after = new IntIntHashMap();
    for (int row : rows) {
      int from = Math.max(0, row - 1);
      int to = Math.min(store.tokens(), row + 2);
      TokenOrigins origins = store.origins(from, to - from);
      int at = row - from;
      on.addToValue(origins.tokenId(at), 1);
      if (at > 0 && Window.follows(origins, at)) {
        before.addToValue(origins.tokenId(at - 1), 1);
      }
      if (at + 1 < origins.size() && Window.follows(origins, at + 1)) {
        after.addToValue(origins.tokenId(at + 1), 1);
      }
    }
    return new FeatureTokens(rows.length, lifts(before, most), lifts(on, most), lifts(after, most));
  }

  private List<TokenLift> lifts(IntIntHashMap found, int most) {
    long sum = found.sum();
    List<TokenLift> lifts = new ArrayList<>();
    found.forEachKeyValue((id, count) -> {
      double share = (double) count / sum;
      double everywhere = (double) counts.get(id) / store.tokens();
      lifts.add(new TokenLift(id, count, share, share / everywhere));
    });
    lifts.sort(MOST_TELLING_FIRST);
    return lifts.subList(0, Math.min(most, lifts.size()));
  }
}
