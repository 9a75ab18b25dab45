package mechinterp.metrics;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.sae.SelectedSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Recall of a selector: of the latents that are among a token's k largest positive pre-activations,
 * the share that is on the selector's shortlist, over all tokens together.
 */
public final class ShortlistRecall {
  private final SelectedSae sae;
  private final FloatMatrix inputs;
  private final SparseCodes largest;
  private final SparseCodes shortlist;
  private long wanted;
  private long found;

  private ShortlistRecall(Workspace workspace, SelectedSae sae, int batchSize) {
    int listed = SelectedSae.size(sae.sae(), sae.selector().config());
    this.sae = sae;
    this.inputs = workspace.floats("encoder inputs", batchSize, sae.dIn());
    this.largest = workspace.codes("largest", batchSize, sae.sae().k(), sae.dSae());
    this.shortlist = workspace.codes("shortlist", batchSize, listed, sae.dSae());
  }

  /**
   * Begins a stream that comes in batches of up to {@code batchSize} tokens, at most 1,024.
   *
   * @throws mechinterp.device.InsufficientMemoryException when the buffers do not fit
   */
  public static ShortlistRecall of(SelectedSae sae, int batchSize) {
    return Workspace.allocate(
        "recall of a shortlist",
        sae.device(),
        workspace -> new ShortlistRecall(workspace, sae, batchSize));
  }

  /**
   * Adds tokens.
   *
   * @param rows activations [tokens, row width] on the autoencoder's device
   */
  public void add(FloatMatrix rows) {
    int tokens = rows.rows();
    FloatMatrix prepared = inputs.rowRange(0, tokens);
    sae.prepareInputs(prepared, sae.inputs(rows));
    sae.sae().encodePrepared(largest.rowRange(0, tokens), prepared, sae.sae().k());
    sae.encodeShortlist(shortlist.rowRange(0, tokens), prepared);
    count(tokens);
  }

  private void count(int tokens) {
    Device device = sae.device();
    int[] counts = device.toHost(largest.counts());
    int[] latents = device.toHost(largest.indices());
    int[] listedCounts = device.toHost(shortlist.counts());
    int[] listed = device.toHost(shortlist.indices());
    for (int t = 0; t < tokens; t++) {
      int at = t * shortlist.capacity();
      int end = at + listedCounts[t];
      for (int i = t * largest.capacity(); i < t * largest.capacity() + counts[t]; i++) {
        while (at < end && listed[at] < latents[i]) {
          at++;
        }
        found += at < end && listed[at] == latents[i] ? 1 : 0;
      }
      wanted += counts[t];
    }
  }

  /** Returns the recall so far; 1 where no latent was active. */
  public double recall() {
    return wanted == 0 ? 1 : (double) found / wanted;
  }
}
