package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.model.Transformer;

/** Runs documents of a store again up to a peak, and splits the latent's pre-activation there. */
final class PeakAttribution {
  private final AttentionAttribution attribution;
  private final Transformer model;
  private final ActivationStore store;

  PeakAttribution(AttentionAttribution attribution, Transformer model, ActivationStore store) {
    this.attribution = attribution;
    this.model = model;
    this.store = store;
  }

  AttributedPeak of(int latent, Peak peak) {
    List<Integer> ids = textUpTo(peak.row());
    int[] array = ids.stream().mapToInt(Integer::intValue).toArray();
    return new AttributedPeak(peak, ids, attribution.at(array, ids.size() - 1, latent));
  }

  /** Long documents were cut where the model takes no more, so the text begins at such a place. */
  private List<Integer> textUpTo(int row) {
    List<Integer> ids = new ArrayList<>();
    model.tokenizer().bos().ifPresent(ids::add);
    int room = Math.max(1, model.config().nCtx() - ids.size());
    int position = store.origins(row, 1).position(0);
    int from = Math.max(0, row - position % room);
    TokenOrigins origins = store.origins(from, row - from + 1);
    int first = origins.size() - 1;
    while (first > 0 && Window.follows(origins, first)) {
      first--;
    }
    for (int i = first; i < origins.size(); i++) {
      ids.add(origins.tokenId(i));
    }
    return ids;
  }
}
