package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/** The reference of {@link ShortlistKernels}. */
final class ScalarShortlist implements ShortlistKernels {
  @Override
  public void quantizedTopK(
      SparseCodes shortlist,
      FloatMatrix y,
      IntMatrix levels,
      FloatMatrix scales,
      FloatMatrix bias,
      int m) {
    float[] scores = new float[shortlist.latents()];
    for (int t = 0; t < y.rows(); t++) {
      for (int j = 0; j < scores.length; j++) {
        float product = new Elements(scales).get(0, j) * chain(y, t, levels, j);
        scores[j] = product + new Elements(bias).get(0, j);
      }
      TopK.writeRow(shortlist, t, scores, m);
    }
  }

  private static float chain(FloatMatrix y, int row, IntMatrix levels, int latent) {
    float sum = 0;
    for (int i = 0; i < y.cols(); i++) {
      int place = latent % LEVEL_PANEL;
      int four = HostMemory.intAt(levels, latent / LEVEL_PANEL, (i * LEVEL_PANEL + place) / 4);
      sum = Math.fma((byte) (four >> (8 * (latent % 4))), new Elements(y).get(row, i), sum);
    }
    return sum;
  }

  @Override
  public void encodeListed(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix weights,
      FloatMatrix bias,
      int k) {
    Elements inputs = new Elements(x);
    Elements rows = new Elements(weights);
    for (int t = 0; t < x.rows(); t++) {
      CodeRow listed = new CodeRow(shortlist, t);
      float[] ofAll = new float[shortlist.latents()];
      for (int slot = 0; slot < listed.before(); slot++) {
        int latent = listed.latent(slot);
        ofAll[latent] = (float) (inputs.dot(t, rows, latent) + new Elements(bias).get(0, latent));
      }
      TopK.writeRow(codes, t, ofAll, k);
    }
  }
}
