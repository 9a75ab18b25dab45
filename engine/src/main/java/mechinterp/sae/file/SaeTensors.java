package mechinterp.sae.file;

import java.io.IOException;
import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;
import mechinterp.sae.GatedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.tensor.FloatMatrix;

/** Brings the tensors of a weight file onto a device, a block of rows at a time. */
final class SaeTensors {
  private static final int BLOCK = 64;

  private final TensorFile file;
  private final Device device;

  SaeTensors(TensorFile file, Device device) {
    this.file = file;
    this.device = device;
  }

  /**
   * Reads the weights of one encoder and one decoder into the form that they have here.
   *
   * @throws FormatException when a tensor is missing, has another shape or numbers that are not
   *     finite
   */
  void read(SaeWeights weights, TensorNames names, SaeScaling scaling) throws IOException {
    names.requireShapes(file, weights.wEnc().cols(), weights.wEnc().rows(), weights.bDec().cols());
    if (names.encoder().latentsAreRows()) {
      readRows(weights.wEnc(), names.encoder().name(), scaling.encoder());
    } else {
      readColumns(weights.wEnc(), names.encoder().name(), scaling.encoder());
    }
    if (names.decoder().latentsAreRows()) {
      readRows(weights.wDec(), names.decoder().name(), scaling.decoder());
    } else {
      readColumns(weights.wDec(), names.decoder().name(), scaling.decoder());
    }
    readBias(weights.bEnc(), names.encoderBias(), scaling.latents());
    float[] toInputs = new float[weights.bDec().cols()];
    Arrays.fill(toInputs, (float) scaling.decoderBias());
    readBias(weights.bDec(), names.decoderBias(), toInputs);
  }

  /**
   * Reads a matrix whose rows are the tensor's rows, or its columns.
   *
   * @throws FormatException when the tensor is missing, has another shape or numbers that are not
   *     finite
   */
  void readMatrix(FloatMatrix matrix, TensorNames.Matrix tensor) throws IOException {
    float[] ones = ones(matrix.rows());
    if (tensor.latentsAreRows()) {
      file.info(tensor.name(), matrix.rows(), matrix.cols());
      readRows(matrix, tensor.name(), ones);
    } else {
      file.info(tensor.name(), matrix.cols(), matrix.rows());
      readColumns(matrix, tensor.name(), ones);
    }
  }

  /**
   * Brings an encoder that did not subtract b_dec from its input into the form that does: b_enc +=
   * b_dec W_enc, and b_mag += exp(r_mag) b_dec W_enc of a gated one.
   */
  void subtractDecoderBias(Sae sae) {
    device.upload(sae.weights().bEnc(), shiftedBias(device, sae.weights(), 1), 0);
    if (sae instanceof GatedSae gated) {
      double[] shift = encodedDecoderBias(device, sae.weights());
      float[] logarithms = device.toHost(gated.rMag());
      float[] bias = device.toHost(gated.bMag());
      for (int i = 0; i < bias.length; i++) {
        bias[i] = (float) (bias[i] + StrictMath.exp(logarithms[i]) * shift[i]);
      }
      device.upload(gated.bMag(), bias, 0);
    }
  }

  /** Returns b_enc + sign b_dec W_enc. */
  static float[] shiftedBias(Device device, SaeWeights weights, int sign) {
    double[] shift = encodedDecoderBias(device, weights);
    float[] bias = device.toHost(weights.bEnc());
    for (int i = 0; i < bias.length; i++) {
      bias[i] = (float) (bias[i] + sign * shift[i]);
    }
    return bias;
  }

  /** Returns b_dec W_enc. */
  private static double[] encodedDecoderBias(Device device, SaeWeights weights) {
    float[] bias = device.toHost(weights.bDec());
    double[] encoded = new double[weights.bEnc().cols()];
    FloatMatrix encoder = weights.wEnc();
    for (int from = 0; from < encoder.rows(); from += BLOCK) {
      int to = Math.min(encoder.rows(), from + BLOCK);
      float[] rows = device.toHost(encoder.rowRange(from, to));
      for (int latent = from; latent < to; latent++) {
        double sum = 0;
        for (int i = 0; i < bias.length; i++) {
          sum += (double) rows[(latent - from) * bias.length + i] * bias[i];
        }
        encoded[latent] = sum;
      }
    }
    return encoded;
  }

  /**
   * Reads what a gated autoencoder has besides.
   *
   * @param logarithms the tensor of r_mag
   * @param bias the tensor of b_mag
   * @param factors what each latent's activation is multiplied with
   * @throws FormatException when a tensor is missing, has another shape, or exp(r_mag) or a number
   *     is not finite
   */
  void readMagnitudes(GatedSae sae, String logarithms, String bias, float[] factors)
      throws IOException {
    TensorInfo info = file.info(logarithms, sae.dSae());
    float[] values = block(info, 0, sae.dSae());
    for (float value : values) {
      if (!Float.isFinite((float) StrictMath.exp(value))) {
        throw new FormatException(
            file.source(),
            "tensor \"%s\" has %s; its exponential must be finite".formatted(logarithms, value));
      }
    }
    device.upload(sae.rMag(), values, 0);
    file.info(bias, sae.dSae());
    readBias(sae.bMag(), bias, factors);
  }

  /**
   * Reads thresholds, none of them below 0: below it, activations would not be positive, and the
   * libraries' ReLU takes them away.
   *
   * @param factors what each is multiplied with
   */
  void readThresholds(FloatMatrix thresholds, String name, float[] factors) throws IOException {
    TensorInfo info = file.info(name);
    boolean one = info.shape().isEmpty();
    if (!one) {
      file.info(name, thresholds.cols());
    }
    float[] read = block(info, 0, one ? 1 : thresholds.cols());
    float[] values = new float[thresholds.cols()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.max(0, read[one ? 0 : i]) * factors[i];
    }
    device.upload(thresholds, values, 0);
  }

  /**
   * Checks thresholds of a library that takes no ReLU before them.
   *
   * @throws FormatException when one is below 0
   */
  void requireNotNegative(String name) throws IOException {
    TensorInfo info = file.info(name);
    for (int row = 0; row < info.rows(); row++) {
      for (float value : block(info, row, 1)) {
        if (value < 0) {
          throw new FormatException(
              file.source(),
              "tensor \"%s\" has %s at number %d; thresholds must be at least 0"
                  .formatted(name, value, row));
        }
      }
    }
  }

  /**
   * Checks that a tensor that may be there changes nothing.
   *
   * @throws FormatException when a number of it is not 1
   */
  void requireOnes(String name) throws IOException {
    if (!file.tensors().contains(name)) {
      return;
    }
    TensorInfo info = file.info(name);
    for (int row = 0; row < info.rows(); row++) {
      for (float value : block(info, row, 1)) {
        if (value != 1) {
          throw new FormatException(
              file.source(), "tensor \"%s\" has %s; only 1 can be read".formatted(name, value));
        }
      }
    }
  }

  /** Returns the norm of each latent's row of the decoder, whichever way the file has it. */
  float[] decoderNorms(TensorNames.Matrix decoder) throws IOException {
    return decoder.latentsAreRows() ? rowNorms(decoder.name()) : columnNorms(decoder.name());
  }

  private float[] columnNorms(String name) throws IOException {
    TensorInfo info = file.info(name);
    double[] squares = new double[(int) info.rowSize()];
    for (int row = 0; row < info.rows(); row++) {
      float[] values = block(info, row, 1);
      for (int i = 0; i < squares.length; i++) {
        squares[i] += (double) values[i] * values[i];
      }
    }
    float[] norms = new float[squares.length];
    for (int i = 0; i < norms.length; i++) {
      norms[i] = squares[i] == 0 ? 1 : (float) Math.sqrt(squares[i]);
    }
    return norms;
  }

  /** Returns the Euclidean norm of each row; 1 for a row of zeros. */
  float[] rowNorms(String name) throws IOException {
    TensorInfo info = file.info(name);
    int cols = (int) info.rowSize();
    float[] norms = new float[(int) info.rows()];
    for (int row = 0; row < norms.length; row++) {
      double square = 0;
      for (float value : block(info, row, 1)) {
        square += (double) value * value;
      }
      norms[row] = cols == 0 || square == 0 ? 1 : (float) Math.sqrt(square);
    }
    return norms;
  }

  /** matrix[i] = factors[i] times row i of the tensor. */
  void readRows(FloatMatrix matrix, String name, float[] factors) throws IOException {
    TensorInfo info = file.info(name);
    for (int from = 0; from < matrix.rows(); from += BLOCK) {
      int to = Math.min(matrix.rows(), from + BLOCK);
      float[] rows = block(info, from, to - from);
      for (int i = 0; i < rows.length; i++) {
        rows[i] *= factors[from + i / matrix.cols()];
      }
      device.upload(matrix.rowRange(from, to), rows, 0);
    }
  }

  /** matrix[i] = factors[i] times column i of the tensor. */
  void readColumns(FloatMatrix matrix, String name, float[] factors) throws IOException {
    TensorInfo info = file.info(name);
    for (int from = 0; from < matrix.cols(); from += BLOCK) {
      int to = Math.min(matrix.cols(), from + BLOCK);
      float[] rows = block(info, from, to - from);
      for (int i = 0; i < rows.length; i++) {
        rows[i] *= factors[i % matrix.rows()];
      }
      device.upload(matrix.columnRange(from, to), Transpose.of(rows, to - from, matrix.rows()), 0);
    }
  }

  /** row[0, i] = factors[i] times number i of the tensor. */
  void readBias(FloatMatrix row, String name, float[] factors) throws IOException {
    float[] values = block(file.info(name), 0, row.cols());
    for (int i = 0; i < values.length; i++) {
      values[i] *= factors[i];
    }
    device.upload(row, values, 0);
  }

  private float[] block(TensorInfo info, int firstRow, int rows) throws IOException {
    int rowSize = (int) info.rowSize();
    float[] values = new float[Math.multiplyExact(rows, rowSize)];
    file.readFloats(info, (long) firstRow * rowSize, values, 0, values.length);
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new FormatException(
            file.source(),
            "tensor \"%s\" has %s at number %d; all must be finite"
                .formatted(info.name(), values[i], (long) firstRow * rowSize + i));
      }
    }
    return values;
  }

  /** Returns factors that change nothing. */
  static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }
}
