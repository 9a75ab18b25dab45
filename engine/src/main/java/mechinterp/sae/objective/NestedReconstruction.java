package mechinterp.sae.objective;

import java.util.ArrayList;
import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.Prefix;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The reconstructions by prefixes of the dictionary, of Matryoshka autoencoders (Bussmann et al.
 * 2025, arXiv 2503.17547): with prefixes of m_1 &lt; .. &lt; m_P = d_sae latents
 *
 * <pre>
 *   x^_p = sum over i &lt; m_p of f_i W_dec[i]  +  b_dec
 *   loss = sum over p of weight_p |x - x^_p|^2</pre>
 *
 * With g_p = 2 weight_p (x^_p - x) / divisor, latent i belongs to all prefixes p with i &lt; m_p
 * and so has the gradient of x^ G_i = sum of their g_p. What else is asked of reconstructions is
 * asked of each x^_p, with its weight.
 */
final class NestedReconstruction implements Reconstruction {
  private final Kernels kernels;
  private final Sae sae;
  private final BatchSums sums;
  private final ReconstructionLoss asked;
  private final List<Prefix> prefixes;
  private final List<FloatMatrix> errors = new ArrayList<>();
  private final double[] squares;

  NestedReconstruction(
      Workspace workspace,
      Sae sae,
      int batchSize,
      BatchSums sums,
      ReconstructionLoss asked,
      List<Prefix> prefixes) {
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.sums = sums;
    this.asked = asked;
    this.prefixes = prefixes;
    this.squares = new double[prefixes.size()];
    for (Prefix prefix : prefixes) {
      String name = "error of %d latents".formatted(prefix.latents());
      errors.add(workspace.floats(name, batchSize, sae.dOut()));
    }
  }

  private int first(int p) {
    return p == 0 ? 0 : prefixes.get(p - 1).latents();
  }

  private int end(int p) {
    return prefixes.get(p).latents();
  }

  @Override
  public void decode(SparseCodes codes, FloatMatrix inputs, FloatMatrix x) {
    for (int p = 0; p < squares.length; p++) {
      FloatMatrix error = errors.get(p);
      if (p == 0) {
        kernels.scale(error, x, -1);
        kernels.addRow(error, error, sae.weights().bDec(), 1);
      } else {
        kernels.copy(error, errors.get(p - 1));
      }
      kernels.nested().addLatents(error, codes, first(p), end(p), sae.weights().wDec());
      squares[p] = sums.squares(error);
    }
  }

  @Override
  public FloatMatrix error() {
    return errors.getLast();
  }

  @Override
  public double squaredError() {
    return squares[squares.length - 1];
  }

  @Override
  public double loss() {
    double loss = 0;
    for (int p = 0; p < squares.length; p++) {
      loss += prefixes.get(p).weight() * squares[p];
    }
    return asked.ofSquares(loss);
  }

  /** Turns each error into G of the latents that its prefix is the first to have. */
  @Override
  public void differentiate(FloatMatrix x, double divisor) {
    for (int p = squares.length - 1; p >= 0; p--) {
      FloatMatrix gradient = errors.get(p);
      asked.differentiate(gradient, x, prefixes.get(p).weight(), divisor);
      if (p + 1 < squares.length) {
        kernels.add(gradient, gradient, errors.get(p + 1));
      }
    }
  }

  @Override
  public void codeGradients(FloatMatrix out, SparseCodes codes) {
    kernels.fill(out, 0);
    for (int p = 0; p < squares.length; p++) {
      FloatMatrix gradient = errors.get(p);
      kernels.nested().codeGradients(out, codes, first(p), end(p), gradient, sae.weights().wDec());
    }
  }

  @Override
  public List<SparseOuterProduct> decoderTerms(LatentOrder order, SparseCodes codes) {
    List<SparseOuterProduct> terms = new ArrayList<>();
    for (int p = 0; p < squares.length; p++) {
      terms.add(new SparseOuterProduct(order, codes.values(), errors.get(p), first(p), end(p)));
    }
    return terms;
  }

  @Override
  public FloatMatrix gradient() {
    return errors.getFirst();
  }
}
