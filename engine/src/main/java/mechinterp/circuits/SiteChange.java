package mechinterp.circuits;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** What an activation is made of in a run, and what takes the place of it. */
final class SiteChange {
  private final FeatureSite site;
  private final SiteValues base;
  private final SiteValues source;
  private final TokenCodes codes;
  private final SparseCodes onDevice;
  private final FloatMatrix error;

  /**
   * Takes the difference.
   *
   * @param base what is in the run
   * @param source what takes its place
   */
  SiteChange(FeatureSite site, SiteValues base, SiteValues source) {
    this.site = site;
    this.base = base;
    this.source = source;
    this.codes = base.codes().merge(source.codes(), (_, _, mine, other) -> other - mine);
    this.onDevice = codes.onDevice(device());
    this.error = device().floats(base.error().rows(), base.error().cols());
    kernels().subtract(error, source.error(), base.error());
  }

  /** Receives what a node of an example does. */
  @FunctionalInterface
  interface Sink {
    /**
     * Takes a product.
     *
     * @param latent its number, or -1 for the error
     * @param row of the batch
     */
    void take(int latent, int row, double product);
  }

  private Device device() {
    return site.sae().device();
  }

  private Kernels kernels() {
    return device().kernels();
  }

  HookPoint hook() {
    return site.hook();
  }

  FeatureSite site() {
    return site;
  }

  SiteValues base() {
    return base;
  }

  SiteValues source() {
    return source;
  }

  /** Returns by how much latents change. */
  TokenCodes codes() {
    return codes;
  }

  /** Returns by how much the activation changes when all of it is replaced, in a new matrix. */
  FloatMatrix whole() {
    FloatMatrix whole = device().floats(error.rows(), error.cols());
    kernels().copy(whole, error);
    kernels().nested().addLatents(whole, onDevice, 0, site.sae().dSae(), decoder());
    return whole;
  }

  private FloatMatrix decoder() {
    return site.sae().weights().wDec();
  }

  /**
   * Replaces one node in rows of another run.
   *
   * @param x of tokens {@code from} to {@code to - 1} of this batch
   */
  void put(FloatMatrix x, FeatureNode node, int from, int to) {
    if (node.isError()) {
      kernels().addScaled(x, error.rowRange(from, to), 1);
      return;
    }
    int latent = node.latent().orElseThrow();
    kernels().nested().addLatents(x, onDevice.rowRange(from, to), latent, latent + 1, decoder());
  }

  /**
   * Multiplies changes with a gradient: latents by {@code change of f_i (W_dec[i] . gradient)}, the
   * error by {@code change of error . gradient}, row by row.
   *
   * @param gradient of something by the activation [tokens, d_in]
   */
  void products(FloatMatrix gradient, Sink sink) {
    FloatMatrix dots = device().floats(onDevice.rows(), onDevice.capacity());
    kernels().codeGradients(dots, onDevice, gradient, decoder());
    FloatMatrix errors = device().floats(error.rows(), 1);
    kernels().rowDots(errors, error, gradient);
    float[] ofLatents = device().toHost(dots);
    float[] ofErrors = device().toHost(errors);
    for (int row = 0; row < codes.rows(); row++) {
      int slot = row * onDevice.capacity();
      for (int i = codes.start(row); i < codes.end(row); i++) {
        sink.take(codes.latent(i), row, (double) codes.value(i) * ofLatents[slot++]);
      }
      sink.take(-1, row, ofErrors[row]);
    }
  }
}
