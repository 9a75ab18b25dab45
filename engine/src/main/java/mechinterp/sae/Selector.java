package mechinterp.sae;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * Scores of low rank and 8 bits that stand for the pre-activations of an encoder where it is to be
 * decided which latents are worth a look:
 *
 * <pre>
 *   s[j] = scale[j] &lt;U8[j], V (x - b_dec)&gt; + b[j]</pre>
 *
 * with V [r, d_in] in floats and U8 [d_sae, r] in whole numbers from -127 to 127. The shortlist of
 * a token is the factor k latents with the largest positive scores.
 *
 * @param config the rank r and the factor
 * @param projection V [r, d_in]
 * @param levels U8 as {@link Int8Rows#words} has it [ceil(d_sae / 64), 16 r]
 * @param scales [1, d_sae]
 * @param bias b [1, d_sae]
 */
public record Selector(
    SelectorConfig config,
    FloatMatrix projection,
    IntMatrix levels,
    FloatMatrix scales,
    FloatMatrix bias) {
  /** Checks that the shapes are those of one selector. */
  public Selector {
    if (projection.rows() != config.rank()
        || levels.rows() != Int8Rows.wordRows(scales.cols())
        || levels.cols() != Int8Rows.wordCols(config.rank())
        || scales.rows() != 1
        || !bias.shape().equals(scales.shape())) {
      throw new IllegalArgumentException(
          "selector: rank is %d, projection %s, levels %s, scales %s, bias %s; they must be [r, d_in], [ceil(d_sae / 64), 16 r], [1, d_sae] and [1, d_sae]"
              .formatted(
                  config.rank(), projection.shape(), levels.shape(), scales.shape(), bias.shape()));
    }
  }

  /**
   * Returns a selector on a device.
   *
   * @param projection V [r, d_in]
   * @param rows U [d_sae, r]
   * @param bias [1, d_sae]
   */
  public static Selector of(
      Device device, int factor, FloatMatrix projection, Int8Rows rows, FloatMatrix bias) {
    return new Selector(
        new SelectorConfig(rows.cols(), factor),
        projection,
        device.matrix(Int8Rows.wordRows(rows.rows()), Int8Rows.wordCols(rows.cols()), rows.words()),
        device.matrix(1, rows.rows(), rows.scales()),
        bias);
  }

  /** Returns U in 8 bits. */
  public Int8Rows rows(Device device) {
    return Int8Rows.ofWords(config.rank(), device.toHost(levels), device.toHost(scales));
  }

  /** Returns the number of latents. */
  public int dSae() {
    return scales.cols();
  }

  /** Returns the width of an activation. */
  public int dIn() {
    return projection.cols();
  }

  /**
   * Returns this selector for activations that were not multiplied by scales: V times them.
   *
   * @param widths columns of each hook point, the first those of the input
   * @param inputScales as many
   */
  Selector folded(Device device, List<Integer> widths, List<Double> inputScales) {
    Kernels kernels = device.kernels();
    FloatMatrix scaled = device.floats(projection.rows(), dIn());
    int first = 0;
    for (int site = 0; site < widths.size() && first < dIn(); site++) {
      int end = first + widths.get(site);
      float scale = inputScales.get(site).floatValue();
      kernels.scale(scaled.columnRange(first, end), projection.columnRange(first, end), scale);
      first = end;
    }
    return new Selector(config, scaled, levels, scales, bias);
  }

  /** Returns the bytes of weights that the shortlist of one token takes. */
  long bytesOfScores() {
    return Float.BYTES * (projection.size() + 2L * dSae()) + Integer.BYTES * levels.size();
  }
}
