package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** Which latents are active: the kernels by which kinds of autoencoders differ. */
public interface SelectionKernels {
  /**
   * Row t of the codes = the latents i whose pre-activation z[i] = x[t] W[:, i] + bias[i] is above
   * thresholds[i], with z[i] as their activation: JumpReLU (Rajamanoharan et al. 2024, arXiv
   * 2407.14435), and ReLU with thresholds of 0.
   *
   * @param codes with room for all latents, capacity at least F
   * @param x encoder inputs [n, d]
   * @param encoder W [d, F] packed
   * @param bias [1, F]
   * @param thresholds [1, F]; below those that are below 0, activations are too
   */
  void encodeAbove(
      SparseCodes codes,
      FloatMatrix x,
      PackedMatrix encoder,
      FloatMatrix bias,
      FloatMatrix thresholds);

  /**
   * Row t of the codes = of each of k groups of F / k latents, one behind the other, the latent
   * with the largest pre-activation z[i] = x[t] W[:, i] + bias[i], of equal ones the lowest, where
   * it is positive, with z[i] as its activation: GroupMax (EleutherAI/sparsify).
   *
   * @param codes with room for k latents
   * @param x encoder inputs [n, d]
   * @param encoder W [d, F] packed
   * @param bias [1, F]
   * @param k at least 1; F must be a multiple of it
   */
  void encodeGroupMax(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k);

  /**
   * Keeps the {@code count} largest activations of all rows together, of equal ones those of the
   * first row and there the lowest index; the others go, as in BatchTopK (Bussmann et al. 2024,
   * arXiv 2412.06410). Codes with no more than {@code count} entries stay as they are.
   *
   * @param codes of positive activations; changed in place
   * @param count at least 0
   * @return the least activation that is left; infinite when none is
   */
  float keepLargest(SparseCodes codes, long count);

  /**
   * Row t of {@code out} = the {@code k} largest activations of row t of the codes, of equal ones
   * those of the lowest latents; all of them where there are no more.
   *
   * @param out with room for k latents of a token
   * @param codes of positive activations
   * @param k at least 1
   */
  void keepLargestOfEach(SparseCodes out, SparseCodes codes, int k);
}
