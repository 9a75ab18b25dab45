package mechinterp.sae.objective;

import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.sae.HybridSae;
import mechinterp.sae.Prefix;
import mechinterp.tensor.FloatMatrix;

/**
 * The reconstructions of a {@link HybridSae} by the prefixes of its dictionary that are shorter
 * than the whole, each with codes of its own:
 *
 * <pre>  loss = sum over p &lt; P of weight_p sum |x - x^_p|^2 / V
 *   x^_p = sum over i of f_p[i] W_dec[i] + b_dec,   f_p = TopK_k(relu(z[0 .. m_p - 1]))</pre>
 *
 * Each prefix is the loss of a smaller autoencoder with the same weights. In a Matryoshka
 * autoencoder a prefix has those of the whole dictionary's active latents that it holds; there a
 * general latent must be among the k of the whole dictionary for its prefix to have it.
 */
final class PrefixLoss implements FurtherLoss {
  private final HybridSae sae;
  private final List<Prefix> prefixes;
  private final List<FurtherReconstruction> terms;

  PrefixLoss(Workspace workspace, HybridSae sae, int batchSize) {
    List<Prefix> all = sae.config().prefixes();
    this.sae = sae;
    this.prefixes = all.subList(0, all.size() - 1);
    BatchSums sums = new BatchSums(workspace, "prefixes", batchSize, sae.dIn());
    this.terms = prefixes.stream().map(prefix -> term(workspace, prefix, batchSize, sums)).toList();
  }

  private FurtherReconstruction term(
      Workspace workspace, Prefix prefix, int batchSize, BatchSums sums) {
    return new FurtherReconstruction(
        workspace,
        "%d latents".formatted(prefix.latents()),
        sae,
        batchSize,
        sae.config().k(),
        sums,
        DecoderGradient.WHOLE);
  }

  @Override
  public String name() {
    return SaeLoss.PREFIXES;
  }

  @Override
  public double backward(FloatMatrix inputs, FloatMatrix target, double divisor) {
    double loss = 0;
    for (int p = 0; p < prefixes.size(); p++) {
      FurtherReconstruction term = terms.get(p);
      sae.encodePrefix(term.codes(), inputs, prefixes.get(p).latents());
      loss += term.backward(target, prefixes.get(p).weight() / divisor);
    }
    return loss;
  }

  @Override
  public List<FurtherReconstruction> terms() {
    return terms;
  }
}
