package mechinterp.circuits;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.metrics.TextRows;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An activation taken apart: {@code x = sum over i of f_i W_dec[i] + error}.
 *
 * @param codes f, none for special tokens
 * @param error what is left [tokens, d_in]
 */
record SiteValues(TokenCodes codes, FloatMatrix error) {
  /** Rows at once: of some kinds any number of latents may be active. */
  static final int CHUNK = 128;

  /** Takes the activations of a batch apart. */
  static SiteValues of(Transformer model, Sae sae, FloatMatrix x, TokenBatch batch) {
    TokenCodes.Builder codes = new TokenCodes.Builder(sae.dSae());
    int done = 0;
    for (TextRows rows : TextRows.of(model.tokenizer(), batch)) {
      done = addEmpty(codes, done, rows.from());
      for (int from = rows.from(); from < rows.to(); from += CHUNK) {
        done = Math.min(rows.to(), from + CHUNK);
        encode(codes, sae, x.rowRange(from, done));
      }
    }
    var _ = addEmpty(codes, done, x.rows());
    TokenCodes all = codes.build();
    FloatMatrix error = sae.device().floats(x.rows(), x.cols());
    sae.device().kernels().copy(error, x);
    add(error, sae, all.negated());
    return new SiteValues(all, error);
  }

  private static int addEmpty(TokenCodes.Builder codes, int from, int to) {
    for (int row = from; row < to; row++) {
      codes.endRow();
    }
    return to;
  }

  private static void encode(TokenCodes.Builder into, Sae sae, FloatMatrix x) {
    Device device = sae.device();
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, x);
    FloatMatrix scales = device.floats(x.rows(), 1);
    sae.decoderScales(scales, x);
    float[] scale = device.toHost(scales);
    int[] counts = device.toHost(codes.counts());
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    for (int row = 0; row < counts.length; row++) {
      int first = row * codes.capacity();
      for (int i = first; i < first + counts[row]; i++) {
        into.add(indices[i], values[i] * scale[row]);
      }
      into.endRow();
    }
  }

  /** x[t] += sum over i of codes[t, i] W_dec[i]. */
  static void add(FloatMatrix x, Sae sae, TokenCodes codes) {
    Kernels kernels = sae.device().kernels();
    SparseCodes some = codes.onDevice(sae.device());
    kernels.nested().addLatents(x, some, 0, sae.dSae(), sae.weights().wDec());
  }

  /** Returns for text what is left of x without latents and error, and for special tokens x. */
  static FloatMatrix bare(Transformer model, Sae sae, FloatMatrix x, TokenBatch batch) {
    FloatMatrix bare = sae.device().floats(x.rows(), x.cols());
    sae.device().kernels().copy(bare, x);
    for (TextRows rows : TextRows.of(model.tokenizer(), batch)) {
      TokenCodes.Builder none = new TokenCodes.Builder(sae.dSae());
      var _ = addEmpty(none, rows.from(), rows.to());
      sae.reconstruct(
          bare.rowRange(rows.from(), rows.to()),
          none.build().onDevice(sae.device()),
          x.rowRange(rows.from(), rows.to()));
    }
    return bare;
  }
}
