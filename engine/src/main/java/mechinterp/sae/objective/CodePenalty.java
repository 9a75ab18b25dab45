package mechinterp.sae.objective;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Workspace;
import mechinterp.kernel.PenaltyShape;
import mechinterp.sae.Sae;
import mechinterp.tensor.SparseOuterProduct;

/**
 * A penalty on the activations:
 *
 * <pre>  lambda sum over tokens and latents of phi(f_i |W_dec[i]|) / divisor</pre>
 *
 * with the phi of L1, or with one that becomes steeper over the run ({@link Annealing}). The
 * divisor is that of the squared error, so lambda means the same whatever the loss is normalised
 * by.
 */
final class CodePenalty implements SparsityPenalty {
  private final NormPenalty penalty;
  private final SparsityCoefficient coefficient;
  private final Optional<Annealing> annealing;

  CodePenalty(
      Workspace workspace,
      Sae sae,
      int batchSize,
      SparsityCoefficient coefficient,
      Optional<Annealing> annealing) {
    this.penalty = new NormPenalty(workspace, sae, batchSize, sae.maxActive());
    this.coefficient = coefficient;
    this.annealing = annealing;
  }

  @Override
  public double backward(Batch batch) {
    penalty.measureNorms();
    double lambda = coefficient.next(batch.l0());
    PenaltyShape shape = new PenaltyShape.Linear();
    if (annealing.isPresent()) {
      annealing.get().next(phi -> penalty.sum(batch.codes(), phi));
      shape = annealing.get().shape();
      lambda *= annealing.get().multiplier();
    }
    double factor = lambda / batch.divisor();
    penalty.backward(batch.codeGradients(), batch.codes(), batch.order(), shape, factor);
    return factor * penalty.sum(batch.codes(), shape);
  }

  @Override
  public List<SparseOuterProduct> decoderTerms() {
    return List.of(penalty.decoderTerm());
  }

  @Override
  public Map<String, long[]> numbers() {
    Map<String, long[]> numbers = new HashMap<>();
    numbers.put("sparsity_coefficient", coefficient.state());
    annealing.ifPresent(each -> numbers.put("annealing", each.state()));
    return numbers;
  }
}
