package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.metrics.TextRows;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** The latents that are active on the tokens of a text. */
public final class TextLatents {
  /** Rows at once: of some kinds any number of latents may be active. */
  private static final int CHUNK = 128;

  private static final Comparator<Active> STRONGEST_FIRST =
      Comparator.comparing(Active::activation).reversed().thenComparing(Active::latent);

  private final Transformer model;
  private final HookPoint site;
  private final Sae sae;

  /** A latent and its activation, above 0. */
  public record Active(int latent, float activation) {}

  /**
   * Looks at a place of a model.
   *
   * @param site what the autoencoder encodes
   * @param sae for activations as the model makes them, on the model's device
   * @throws IllegalArgumentException when the site is not as wide as the autoencoder's input
   */
  public TextLatents(Transformer model, HookPoint site, Sae sae) {
    if (model.width(site) != sae.dIn()) {
      throw new IllegalArgumentException(
          "latents: %s is %d wide, the autoencoder's d_in is %d; they must be equal"
              .formatted(site, model.width(site), sae.dIn()));
    }
    this.model = model;
    this.site = site;
    this.sae = sae;
  }

  /**
   * Returns for each token its active latents, the strongest first; none on special tokens, on
   * which autoencoders are not trained.
   *
   * @param ids the text's tokens, at least one
   * @throws ArithmeticException when an activation is not a finite number
   */
  public List<List<Active>> of(int[] ids) {
    TokenBatch batch = TokenBatch.ofIds(List.of(ids));
    FloatMatrix rows = model.capture(batch, Set.of(site), Map.of()).at(site);
    List<List<Active>> found = new ArrayList<>(Collections.nCopies(ids.length, List.of()));
    for (TextRows text : TextRows.of(model.tokenizer(), batch)) {
      for (int from = text.from(); from < text.to(); from += CHUNK) {
        encode(rows.rowRange(from, Math.min(text.to(), from + CHUNK)), from, found);
      }
    }
    return found;
  }

  private void encode(FloatMatrix rows, int first, List<List<Active>> found) {
    Device device = sae.device();
    SparseCodes codes = sae.newCodes(rows.rows());
    sae.encode(codes, rows);
    int[] counts = device.toHost(codes.counts());
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    for (int row = 0; row < counts.length; row++) {
      List<Active> active = new ArrayList<>();
      for (int i = row * codes.capacity(); i < row * codes.capacity() + counts[row]; i++) {
        if (values[i] > 0) {
          active.add(new Active(indices[i], values[i]));
        }
      }
      active.sort(STRONGEST_FIRST);
      found.set(first + row, List.copyOf(active));
    }
  }
}
