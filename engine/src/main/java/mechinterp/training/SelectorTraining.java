package mechinterp.training;

import java.util.List;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.RowConstraint;
import mechinterp.kernel.Write;
import mechinterp.optim.Adam;
import mechinterp.optim.AdamConfig;
import mechinterp.sae.Int8Rows;
import mechinterp.sae.RankedSae;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.Selector;
import mechinterp.sae.SelectorConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The distillation of a selector, step by step. With the exact shortlist C[t] of a token, the m
 * latents with the largest pre-activations z, and the selector's own S[t], those with the largest
 * scores s = U V x_c + b, over the B tokens of a batch
 *
 * <pre>
 *   loss = 1 / B (sum over t, j in C[t] of (s[t, j] - z[t, j])^2
 *               + sum over t, j in S[t] of the same)</pre>
 *
 * so that scores rise where a latent is missed and fall where one is listed in vain; a latent on
 * both lists counts twice. The autoencoder is held fixed. U, V and b have gradients.
 */
final class SelectorTraining {
  private static final AdamConfig ADAM = AdamConfig.defaults();

  /** Tokens for the second moments of the activations, as a multiple of their width. */
  private static final int TOKENS_OF_MOMENTS = 8;

  private final Device device;
  private final Kernels kernels;
  private final RankedSae sae;
  private final SelectorConfig config;
  private final FloatMatrix batch;
  private final FloatMatrix inputs;
  private final FloatMatrix projected;
  private final FloatMatrix dProjected;
  private final FloatMatrix part;
  private final FloatMatrix projection;
  private final FloatMatrix rows;
  private final FloatMatrix bias;
  private final PackedMatrix packedRows;
  private final FloatMatrix dProjection;
  private final FloatMatrix dBias;
  private final FloatMatrix zeros;
  private final Adam projectionSteps;
  private final Adam rowSteps;
  private final Adam biasSteps;
  private final Gaps exact;
  private final Gaps own;

  SelectorTraining(Workspace workspace, RankedSae sae, SelectorConfig config, int batchSize) {
    int rank = config.rank();
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.config = config;
    batch = workspace.floats("batch", batchSize, sae.config().rowWidth());
    inputs = workspace.floats("encoder inputs", batchSize, sae.dIn());
    projected = workspace.floats("projected inputs", batchSize, rank);
    dProjected = workspace.floats("gradient of projected inputs", batchSize, rank);
    part = workspace.floats("its second part", batchSize, rank);
    projection = workspace.floats("V", rank, sae.dIn());
    rows = workspace.floats("U", sae.dSae(), rank);
    bias = workspace.floats("b", 1, sae.dSae());
    packedRows = workspace.packed("U packed", rank, sae.dSae());
    dProjection = workspace.floats("gradient of V", rank, sae.dIn());
    dBias = workspace.floats("gradient of b", 1, sae.dSae());
    zeros = workspace.floats("zeros", 1, rank);
    projectionSteps = new Adam(workspace, "V", projection);
    rowSteps = new Adam(workspace, "U", rows);
    biasSteps = new Adam(workspace, "b", bias);
    int listed = SelectedSae.size(sae, config);
    exact = new Gaps(workspace.within("exact shortlist"), batchSize, listed, sae.dSae());
    own = new Gaps(workspace.within("selector's shortlist"), batchSize, listed, sae.dSae());
  }

  /** A shortlist and how far scores are from pre-activations there. */
  private static final class Gaps {
    private final Kernels kernels;
    private final SparseCodes list;
    private final FloatMatrix values;
    private final FloatMatrix biases;
    private final FloatMatrix ones;
    private final FloatMatrix squares;
    private final LatentOrder order;

    Gaps(Workspace workspace, int tokens, int listed, int latents) {
      kernels = workspace.device().kernels();
      list = workspace.codes("list", tokens, listed, latents);
      values = workspace.floats("gaps", tokens, listed);
      biases = workspace.floats("biases", tokens, listed);
      ones = workspace.floats("ones", tokens, listed);
      squares = workspace.floats("squares", tokens, 1);
      order = workspace.order("order", tokens, listed, latents);
    }

    /** values = x . weights + bias of the listed latents. */
    void setProducts(FloatMatrix x, FloatMatrix weights, FloatMatrix bias) {
      kernels.codeGradients(values, list, x, weights);
      kernels.fill(ones, 1);
      kernels.fill(biases, 0);
      FloatMatrix ofLatents = bias.reshaped(bias.cols(), 1);
      kernels.codes().scaleSlots(biases, list, ones, ofLatents, 0);
      kernels.add(values, values, biases);
    }

    /** Returns the sum of squares times a factor, and makes the gaps its gradient. */
    double toGradient(Device device, float factor) {
      kernels.rowDots(squares, values, values);
      double sum = 0;
      for (float square : device.toHost(squares)) {
        sum += square;
      }
      kernels.scale(values, values, 2 * factor);
      kernels.orderByLatent(order, list);
      return sum * factor;
    }

    SparseOuterProduct term(FloatMatrix x) {
      return new SparseOuterProduct(order, values, x);
    }

    SparseCodes asCodes() {
      return new SparseCodes(list.indices(), values, list.counts(), list.latents());
    }
  }

  /** Where learning begins, and the sizes that learning rates are shares of. */
  record Scales(double projection, double rows, double bias) {}

  /** Sets U, V and b from the next activations. */
  Scales begin(ActivationBatches batches, long seed) {
    FloatMatrix moments = device.floats(sae.dIn(), sae.dIn());
    int rounds = Math.toIntExact(Math.ceilDiv((long) TOKENS_OF_MOMENTS * sae.dIn(), batch.rows()));
    float share = 1f / (rounds * batch.rows());
    for (int round = 0; round < rounds; round++) {
      read(batches);
      kernels.matmul(moments, inputs, Operand.TRANSPOSED, inputs, Operand.AS_IS, Write.ADD);
    }
    kernels.scale(moments, moments, share);
    LowRankStart start =
        LowRankStart.of(device, sae.weights().wEnc(), moments, config.rank(), seed);
    kernels.copy(projection, start.projection());
    kernels.copy(rows, start.rows());
    kernels.copy(bias, sae.weights().bEnc());
    double ofRows = rootMeanSquare(rows);
    return new Scales(rootMeanSquare(projection), ofRows, ofRows * start.spread());
  }

  private double rootMeanSquare(FloatMatrix matrix) {
    double sum = 0;
    for (float value : device.toHost(matrix)) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum / matrix.size());
  }

  private void read(ActivationBatches batches) {
    batches.next(batch);
    sae.prepareInputs(inputs, sae.inputs(batch));
  }

  /**
   * Takes a step on the next activations and returns the loss before it.
   *
   * @param rate learning rate as a share of the scales
   */
  double step(ActivationBatches batches, int number, double rate, Scales scales) {
    read(batches);
    double loss = gradients();
    rowSteps.step(
        List.of(exact.term(projected), own.term(projected)),
        ADAM.at(number, rate * scales.rows()),
        RowConstraint.NONE);
    projectionSteps.step(dProjection, ADAM.at(number, rate * scales.projection()));
    biasSteps.step(dBias, ADAM.at(number, rate * scales.bias()));
    return loss;
  }

  private double gradients() {
    kernels.matmul(projected, inputs, Operand.AS_IS, projection, Operand.TRANSPOSED, Write.SET);
    kernels.pack(packedRows, rows, Operand.TRANSPOSED);
    int listed = exact.list.capacity();
    sae.encodePrepared(exact.list, inputs, listed);
    exact.setProducts(projected, rows, bias);
    kernels.subtract(exact.values, exact.values, exact.list.values());
    kernels.encodeTopK(own.list, projected, packedRows, bias, listed);
    own.setProducts(inputs, sae.weights().wEnc(), sae.weights().bEnc());
    kernels.subtract(own.values, own.list.values(), own.values);
    float share = 1f / batch.rows();
    double loss = exact.toGradient(device, share) + own.toGradient(device, share);
    if (!Double.isFinite(loss)) {
      throw new ArithmeticException("the loss is %s; it must be finite".formatted(loss));
    }
    kernels.decode(dProjected, exact.asCodes(), rows, zeros);
    kernels.decode(part, own.asCodes(), rows, zeros);
    kernels.add(dProjected, dProjected, part);
    kernels.matmul(dProjection, dProjected, Operand.TRANSPOSED, inputs, Operand.AS_IS, Write.SET);
    kernels.latentSums(dBias, exact.order, exact.values, Write.SET);
    kernels.latentSums(dBias, own.order, own.values, Write.ADD);
    return loss;
  }

  /** Returns what was learned, U in 8 bits. */
  Selector selector() {
    return Selector.of(
        device,
        config.factor(),
        copy(projection),
        Int8Rows.nearest(config.rank(), device.toHost(rows)),
        copy(bias));
  }

  /** The buffers of training go with it. */
  private FloatMatrix copy(FloatMatrix matrix) {
    FloatMatrix copy = device.floats(matrix.rows(), matrix.cols());
    kernels.copy(copy, matrix);
    return copy;
  }
}
