package mechinterp.analysis;

import java.util.List;

/**
 * From where attention brings what a latent reads on one of its strongest tokens.
 *
 * @param peak the token
 * @param ids the text that was run, from the begin of the document's context to this token
 * @param attribution its places count in this text
 */
public record AttributedPeak(Peak peak, List<Integer> ids, DirectFeatureAttribution attribution) {
  /** Keeps the list. */
  public AttributedPeak {
    ids = List.copyOf(ids);
  }
}
