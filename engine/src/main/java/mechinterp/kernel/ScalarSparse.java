package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/** The sums over sparse codes of {@link ScalarKernels}. */
final class ScalarSparse {
  private ScalarSparse() {}

  static void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    Elements dictionary = new Elements(decoder);
    Elements values = new Elements(codes.values());
    Elements offsets = new Elements(bias);
    new Elements(out)
        .setEach((t, j) -> {
          double sum = 0;
          for (int slot = 0; slot < HostMemory.intAt(codes.counts(), t, 0); slot++) {
            int latent = HostMemory.intAt(codes.indices(), t, slot);
            sum += (double) values.get(t, slot) * dictionary.get(latent, j);
          }
          return (float) (sum + offsets.get(0, j));
        });
  }

  static void codeGradients(
      FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    Elements dictionary = new Elements(decoder);
    Elements gradients = new Elements(dOut);
    new Elements(out)
        .setEach((t, slot) ->
            slot < HostMemory.intAt(codes.counts(), t, 0)
                ? (float) gradients.dot(t, dictionary, HostMemory.intAt(codes.indices(), t, slot))
                : 0);
  }

  static void latentSums(
      FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    Elements sums = new Elements(out);
    Elements terms = new Elements(coefficients);
    for (int f = 0; f < order.latents(); f++) {
      double sum = 0;
      for (int e = HostMemory.intAt(order.starts(), 0, f);
          e < HostMemory.intAt(order.starts(), 0, f + 1);
          e++) {
        int position = HostMemory.intAt(order.positions(), 0, e);
        sum += terms.get(position / order.capacity(), position % order.capacity());
      }
      sums.write(0, f, (float) sum, write);
    }
  }

  static void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    new Elements(out).setEach((f, j) -> (float) gradient(terms, f, j));
  }

  /** row [1, d] = row {@code latent} of the sum of the terms. */
  static void writeGradient(FloatMatrix row, List<SparseOuterProduct> terms, int latent) {
    new Elements(row).setEach((i, j) -> (float) gradient(terms, latent, j));
  }

  private static double gradient(List<SparseOuterProduct> terms, int latent, int column) {
    double sum = 0;
    for (SparseOuterProduct term : terms) {
      if (!term.covers(latent)) {
        continue;
      }
      LatentOrder order = term.order();
      for (int e = HostMemory.intAt(order.starts(), 0, latent);
          e < HostMemory.intAt(order.starts(), 0, latent + 1);
          e++) {
        int position = HostMemory.intAt(order.positions(), 0, e);
        int row = position / order.capacity();
        double coefficient =
            new Elements(term.coefficients()).get(row, position % order.capacity());
        sum += coefficient * new Elements(term.rows()).get(row, column);
      }
    }
    return sum;
  }
}
