package mechinterp.sae.objective;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.GatedSae;
import mechinterp.sae.LatentBlock;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The loss of an autoencoder whose active latents a {@link LatentChoice} chooses, and its gradient
 * (TopK: Gao et al. 2024, arXiv 2406.04093; BatchTopK: Bussmann et al. 2024, arXiv 2412.06410):
 *
 * <pre>
 *   L = sum |x - x^|^2 / V  +  alpha scale sum |e - e^|^2 / V_aux</pre>
 *
 * with V from {@link LossNormalizer} and the second term as in {@link AuxKConfig}. V, V_aux, the
 * residual e = x - x^ and the choice of the latents are constants of the gradient. With g = 2 (x^ -
 * x) / V, codes f and dz[t, i] = g[t] . W_dec[i] for the active latents i of token t:
 *
 * <pre>
 *   dW_dec[i]   = sum over t of f[t, i] g[t]
 *   dW_enc[:,i] = sum over t of dz[t, i] (x[t] - b_dec)
 *   db_enc[i]   = sum over t of dz[t, i]
 *   db_dec      = sum over t of g[t]  -  W_enc db_enc</pre>
 *
 * and the auxiliary term adds the same with its own codes and g_aux = 2 alpha scale (e^ - e) /
 * V_aux, whose sum enters db_dec only where e^ has the bias. For a kind whose input and target
 * differ, x is the target in the loss; one that does not centre its input has no b_dec there, nor
 * its term in db_dec. A skip connection has dW_skip = sum over t of g[t] x[t]^T. Of several {@link
 * mechinterp.sae.SaeConfig#blocks} each has the columns of g that its latents write and of x that
 * they see.
 *
 * <p>Kinds with ReLU may have {@link GhostGradientsConfig} in the place of AuxK. A hybrid's loss
 * has the part of {@link FixedPoint} besides, which adds to the gradients of W_enc and b_enc alone.
 *
 * <p>Buffers are declared once; taking the loss allocates nothing on the device.
 */
final class SparseObjective implements SaeObjective {
  private final Device device;
  private final Kernels kernels;
  private final Sae sae;
  private final LatentChoice choice;
  private final Optional<SparsityPenalty> penalty;
  private final LossNormalizer normalizer;
  private final FiringRecord firing;
  private final Optional<FixedPoint> fixedPoint;
  private final Optional<DeadLatentLoss> revival;
  private final Optional<FurtherLoss> more;
  private final List<FurtherReconstruction> terms = new ArrayList<>();
  private final BatchSums sums;

  private final FloatMatrix inputs;
  private final ReconstructionLoss asked;
  private final Reconstruction reconstruction;
  private final SparseCodes codes;
  private final LatentOrder order;
  private final FloatMatrix codeGradients;
  private final FloatMatrix bEncGradient;
  private final FloatMatrix bDecGradient;
  private final Optional<FloatMatrix> skipGradient;
  private final int[] starts;
  private final int batchSize;

  /** Declares the buffers of a reconstruction. */
  @FunctionalInterface
  interface ReconstructionBuffers {
    Reconstruction create(
        Workspace workspace, Sae sae, int batchSize, BatchSums sums, ReconstructionLoss asked);
  }

  SparseObjective(
      Workspace workspace,
      Sae sae,
      LatentChoice choice,
      ReconstructionBuffers reconstruct,
      FurtherTerms further,
      ObjectiveSettings settings) {
    int dSae = sae.dSae();
    int capacity = Math.max(sae.maxActive(), choice.mostActive());
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.choice = choice;
    this.fixedPoint = further.fixedPoint();
    this.more = further.more();
    this.penalty = further.penalty();
    this.normalizer = settings.normalizer();
    this.batchSize = settings.batchSize();
    this.firing = new FiringRecord(workspace, dSae, settings.auxK().deadAfterTokens());
    this.sums = new BatchSums(workspace, "batch", batchSize, sae.dOut());
    this.inputs = workspace.floats("encoder inputs", batchSize, sae.dIn());
    this.asked = new ReconstructionLoss(workspace, batchSize, sae.dOut(), settings.endToEnd());
    this.reconstruction = reconstruct.create(workspace, sae, batchSize, sums, asked);
    this.codes = workspace.codes("codes", batchSize, capacity, dSae);
    this.order = workspace.order("order", batchSize, capacity, dSae);
    this.codeGradients = workspace.floats("code gradients", batchSize, capacity);
    this.bEncGradient = workspace.floats("b_enc gradient", 1, dSae);
    this.bDecGradient = workspace.floats("b_dec gradient", 1, sae.dOut());
    this.skipGradient =
        sae.skip().map(skip -> workspace.floats("W_skip gradient", skip.rows(), skip.cols()));
    this.starts = workspace.onHost(int[]::new, dSae + 1);
    this.revival = revival(workspace, settings);
  }

  private Optional<DeadLatentLoss> revival(Workspace workspace, ObjectiveSettings settings) {
    return settings.auxK().alpha() > 0
        ? Optional.of(new AuxK(workspace, sae, batchSize, settings.auxK(), sums))
        : settings
            .ghostGradients()
            .map(config -> new GhostGradients(workspace, sae, batchSize, config, sums));
  }

  @Override
  public Sae sae() {
    return sae;
  }

  @Override
  public void continueWith(DownstreamLoss loss) {
    asked.continueWith(loss);
  }

  @Override
  public void calibrate(FloatMatrix rows) {
    sae.config()
        .sparsityPenalty()
        .flatMap(SparsityConfig::initialL0)
        .ifPresent(initialL0 -> setBias(initialL0, rows));
  }

  private void setBias(double initialL0, FloatMatrix rows) {
    sae.prepareInputs(inputs, sae.inputs(rows));
    InitialBias bias = new InitialBias(sae, initialL0, batchSize);
    switch (sae) {
      case ThresholdSae threshold -> {
        threshold.encodePositive(codes, inputs);
        bias.set(codes, device.toHost(threshold.thresholds()));
      }
      case GatedSae gated -> {
        gated.encodeGates(codes, inputs);
        bias.set(codes, new float[sae.dSae()]);
      }
      default -> throw new IllegalStateException(sae.config() + " has no penalty");
    }
  }

  @Override
  public void beginStep(int step) {
    choice.beginStep(step);
  }

  @Override
  public void finish() {
    choice.finish();
  }

  @Override
  public SaeLoss backward(FloatMatrix rows) {
    FloatMatrix x = sae.inputs(rows);
    FloatMatrix target = sae.targets(rows);
    double variance = sums.variance(target, reconstruction.error());
    checkBatch(x, target, variance);
    sae.prepareInputs(inputs, x);
    choice.choose(codes, inputs);
    reconstruction.decode(codes, x, target);
    recordFiring();

    double divisor = normalizer == LossNormalizer.BATCH_VARIANCE ? variance : batchSize;
    int[] dead = firing.dead();
    terms.clear();
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put(SaeLoss.RECONSTRUCTION, reconstruction.loss() / divisor);
    fixedPoint.ifPresent(part -> parts.put(SaeLoss.FIXED_POINT, part.backward(inputs, divisor)));
    revival.ifPresent(loss -> parts.put(loss.name(), revive(loss, dead, divisor)));
    more.ifPresent(term -> {
      terms.addAll(term.terms());
      parts.put(term.name(), term.backward(inputs, target, divisor));
    });
    double l0 = (double) starts[starts.length - 1] / batchSize;
    asked.begin();
    reconstruction.differentiate(target, divisor);
    parts.putAll(asked.furtherParts());
    reconstruction.codeGradients(codeGradients, codes);
    penalty.ifPresent(each -> parts.put(each.penaltyName(), each.backward(active(l0, divisor))));
    differentiateTheRest(x);
    return checked(new SaeLoss(parts, reconstruction.squaredError() / variance, l0, dead.length));
  }

  @Override
  public Map<String, SaeGradient> gradients() {
    List<SparseOuterProduct> wEnc = new ArrayList<>();
    List<SparseOuterProduct> wDec = new ArrayList<>(reconstruction.decoderTerms(order, codes));
    wEnc.add(new SparseOuterProduct(order, codeGradients, inputs));
    fixedPoint.ifPresent(part -> wEnc.add(part.encoderTerm(inputs)));
    penalty.ifPresent(each -> wEnc.addAll(each.encoderTerms(inputs)));
    penalty.ifPresent(each -> wDec.addAll(each.decoderTerms()));
    terms.forEach(term -> {
      wEnc.add(term.encoderTerm(inputs));
      wDec.addAll(term.decoderTerms());
    });
    Map<String, SaeGradient> gradients = new HashMap<>();
    gradients.putAll(ofBlocks("W_enc", wEnc, LatentBlock::inputs));
    gradients.put("b_enc", new SaeGradient.Dense(bEncGradient));
    gradients.putAll(ofBlocks("W_dec", wDec, LatentBlock::targets));
    gradients.put("b_dec", new SaeGradient.Dense(bDecGradient));
    penalty.ifPresent(each -> gradients.putAll(each.gradients()));
    skipGradient.ifPresent(
        matrix -> gradients.put(SaeParameter.SKIP, new SaeGradient.Dense(matrix)));
    return gradients;
  }

  /** Returns the gradient of a tensor, or of several blocks that of each. */
  private Map<String, SaeGradient> ofBlocks(
      String name,
      List<SparseOuterProduct> terms,
      BiFunction<LatentBlock, FloatMatrix, FloatMatrix> columns) {
    List<LatentBlock> blocks = sae.config().blocks();
    if (blocks.size() == 1) {
      return Map.of(name, new SaeGradient.Sparse(terms));
    }
    Map<String, SaeGradient> gradients = new HashMap<>();
    for (int i = 0; i < blocks.size(); i++) {
      LatentBlock block = blocks.get(i);
      List<SparseOuterProduct> own =
          terms.stream()
              .map(term ->
                  term.part(
                      block.firstLatent(), block.endLatent(), columns.apply(block, term.rows())))
              .toList();
      gradients.put(SaeParameter.ofBlock(name, i), new SaeGradient.Sparse(own));
    }
    return gradients;
  }

  @Override
  public Map<String, long[]> numbers() {
    Map<String, long[]> numbers = new HashMap<>(choice.numbers());
    penalty.ifPresent(each -> numbers.putAll(each.numbers()));
    numbers.put("tokens_since_firing", firing.tokensSince());
    return numbers;
  }

  private double revive(DeadLatentLoss loss, int[] dead, double divisor) {
    if (dead.length == 0) {
      return 0;
    }
    terms.add(loss.term());
    return loss.backward(inputs, reconstruction.error(), dead, divisor);
  }

  private void recordFiring() {
    kernels.orderByLatent(order, codes);
    device.download(starts, 0, order.starts());
    firing.add(starts, batchSize);
  }

  private SparsityPenalty.Batch active(double l0, double divisor) {
    return new SparsityPenalty.Batch(
        inputs, codes, order, codeGradients, reconstruction, l0, divisor);
  }

  /** Goes on from the code gradients. */
  private void differentiateTheRest(FloatMatrix x) {
    kernels.latentSums(bEncGradient, order, codeGradients, Write.SET);
    penalty.ifPresent(each -> each.addToEncoderBias(bEncGradient));
    terms.forEach(term -> term.addToEncoderBias(bEncGradient));
    differentiateDecoderBias();
    skipGradient.ifPresent(matrix ->
        kernels.matmul(
            matrix, reconstruction.gradient(), Operand.TRANSPOSED, x, Operand.AS_IS, Write.SET));
  }

  /** b_dec is the bias of the decoder and, with the other sign, part of what is encoded. */
  private void differentiateDecoderBias() {
    if (sae.config().centresInput()) {
      FloatMatrix wEnc = sae.weights().wEnc();
      kernels.matmul(bDecGradient, bEncGradient, Operand.AS_IS, wEnc, Operand.AS_IS, Write.SET);
      kernels.scale(bDecGradient, bDecGradient, -1);
    } else {
      kernels.fill(bDecGradient, 0);
    }
    kernels.sumRows(bDecGradient, reconstruction.gradient(), Write.ADD);
    terms.forEach(term -> term.addToDecoderBias(bDecGradient));
    fixedPoint.ifPresent(part -> part.addToEncoderBias(bEncGradient));
  }

  private void checkBatch(FloatMatrix x, FloatMatrix target, double variance) {
    requireFinite("activations", target, variance);
    if (x.cols() + target.cols() == sae.config().rowWidth()) {
      requireFinite("input activations", x, sums.squares(x));
    }
    if (variance == 0 && normalizer == LossNormalizer.BATCH_VARIANCE) {
      throw new ArithmeticException(
          "the %d activations of the batch are all equal; loss_normalizer batch_variance needs different ones"
              .formatted(batchSize));
    }
  }

  private void requireFinite(String what, FloatMatrix rows, double sum) {
    if (!Double.isFinite(sum)) {
      throw new ArithmeticException(NonFinite.describe(what, device.toHost(rows), rows.cols()));
    }
  }

  private static SaeLoss checked(SaeLoss loss) {
    if (!Double.isFinite(loss.total())) {
      throw new ArithmeticException(
          "the loss is %s %s; a lower learning_rate may help"
              .formatted(loss.total(), loss.parts()));
    }
    return loss;
  }
}
