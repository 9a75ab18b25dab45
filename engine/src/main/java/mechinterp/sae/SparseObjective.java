package mechinterp.sae;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
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
 * its term in db_dec. A skip connection has dW_skip = sum over t of g[t] x[t]^T.
 *
 * <p>A hybrid's loss has the part of {@link FixedPoint} besides, which adds to the gradients of
 * W_enc and b_enc alone.
 *
 * <p>Buffers are declared once; taking the loss allocates nothing on the device.
 */
public final class SparseObjective implements SaeObjective {
  private final Device device;
  private final Kernels kernels;
  private final Sae sae;
  private final LatentChoice choice;
  private final Optional<SparsityPenalty> penalty;
  private final LossNormalizer normalizer;
  private final FiringRecord firing;
  private final Optional<FixedPoint> fixedPoint;
  private final Optional<AuxK> aux;
  private final Optional<MultiTopK> more;
  private final List<SparseTerm> terms = new ArrayList<>();
  private final BatchSums sums;

  private final FloatMatrix inputs;
  private final Reconstruction reconstruction;
  private final SparseCodes codes;
  private final LatentOrder order;
  private final FloatMatrix codeGradients;
  private final FloatMatrix bEncGradient;
  private final FloatMatrix bDecGradient;
  private final Optional<FloatMatrix> skipGradient;
  private final int[] starts;
  private final int batchSize;

  /**
   * Declares the buffers of TopK for batches of {@code batchSize} tokens.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective topK(
      Workspace workspace,
      TopKSae sae,
      KSchedule k,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    return new SparseObjective(
        workspace,
        sae,
        LatentChoice.topK(sae, k),
        WholeReconstruction::new,
        FurtherTerms.none(),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * Declares the buffers of BatchTopK for batches of {@code batchSize} tokens. Each batch moves the
   * threshold that the autoencoder encodes with after training.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective batchTopK(
      Workspace workspace,
      ThresholdSae sae,
      KSchedule k,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    return new SparseObjective(
        workspace,
        sae,
        new BatchTopK(sae, k),
        WholeReconstruction::new,
        FurtherTerms.none(),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * Declares the buffers of Matryoshka, BatchTopK on a nested dictionary, for batches of {@code
   * batchSize} tokens. Each batch moves the threshold that the autoencoder encodes with after
   * training.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective matryoshka(
      Workspace workspace,
      ThresholdSae sae,
      MatryoshkaConfig config,
      KSchedule k,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    return new SparseObjective(
        workspace,
        sae,
        new BatchTopK(sae, k),
        (w, s, tokens, sums) -> new NestedReconstruction(w, s, tokens, sums, config.prefixes()),
        FurtherTerms.none(),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * Declares the buffers of a hybrid for batches of {@code batchSize} tokens: TopK on a nested
   * dictionary, and the loss of {@link FixedPoint} for its encoder. With one prefix, of weight 1,
   * and a fixed-point weight of 0 it is TopK's, bit for bit.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective hybrid(
      Workspace workspace,
      HybridSae sae,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    HybridSaeConfig config = sae.config();
    Optional<FixedPoint> fixedPoint =
        config.fixedPointWeight() > 0
            ? Optional.of(new FixedPoint(workspace, sae, batchSize))
            : Optional.empty();
    boolean isWhole = config.prefixes().equals(List.of(new Prefix(config.dSae(), 1)));
    return new SparseObjective(
        workspace,
        sae,
        fixedPoint.<LatentChoice>map(part -> part).orElse(sae::encodeFast),
        isWhole
            ? WholeReconstruction::new
            : (w, s, tokens, sums) ->
                new NestedReconstruction(w, s, tokens, sums, config.prefixes()),
        FurtherTerms.fixedPoint(fixedPoint),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * Declares a transcoder and the buffers of its training for batches of {@code batchSize} tokens.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective transcoder(
      Workspace workspace,
      TranscoderConfig config,
      KSchedule k,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    return scoped(workspace, config, k, config.kScope(), batchSize, normalizer, auxConfig);
  }

  /**
   * Declares a crosscoder and the buffers of its training for batches of {@code batchSize} tokens.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective crosscoder(
      Workspace workspace,
      CrosscoderConfig config,
      KSchedule k,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    return scoped(workspace, config, k, config.kScope(), batchSize, normalizer, auxConfig);
  }

  private static SparseObjective scoped(
      Workspace workspace,
      SaeConfig config,
      KSchedule k,
      KScope scope,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    return switch (scope) {
      case TOKEN -> {
        TopKSae sae = new TopKSae(workspace, config, k.k());
        yield topK(workspace, sae, k, batchSize, normalizer, auxConfig);
      }
      case BATCH -> {
        ThresholdSae sae = new ThresholdSae(workspace, config);
        yield new SparseObjective(
            workspace,
            sae,
            new BatchTopK(sae, k),
            WholeReconstruction::new,
            FurtherTerms.none(),
            batchSize,
            normalizer,
            auxConfig);
      }
    };
  }

  /**
   * Declares an autoencoder of {@link MultiTopKConfig} and the buffers of its training for batches
   * of {@code batchSize} tokens.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective multiTopK(
      Workspace workspace,
      MultiTopKConfig config,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    TopKSae sae = new TopKSae(workspace, config, config.k());
    MultiTopK more = new MultiTopK(workspace, sae, config, batchSize);
    return new SparseObjective(
        workspace,
        sae,
        more,
        WholeReconstruction::new,
        FurtherTerms.more(more),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * Declares the buffers of ReLU with an L1 penalty for batches of {@code batchSize} tokens.
   *
   * @param steps of the run
   * @throws IllegalArgumentException with the JSON field's name when it has no sparsity settings
   */
  public static SparseObjective standard(
      Workspace workspace,
      ThresholdSae sae,
      StandardConfig config,
      int steps,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    SparsityConfig sparsity = SparsityConfig.require(config.architecture(), config.sparsity());
    SparsityCoefficient coefficient = new SparsityCoefficient(sparsity, steps);
    return relu(
        workspace,
        sae,
        new CodePenalty(workspace, sae, batchSize, coefficient, Optional.empty()),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * Declares an autoencoder of {@link GroupMaxConfig} and the buffers of its training for batches
   * of {@code batchSize} tokens.
   *
   * @throws IllegalArgumentException with the JSON field's name when k_aux is more than d_sae
   */
  public static SparseObjective groupMax(
      Workspace workspace,
      GroupMaxConfig config,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    TopKSae sae = new TopKSae(workspace, config, config.k());
    return topK(workspace, sae, KSchedule.constant(config.k()), batchSize, normalizer, auxConfig);
  }

  /**
   * Declares the buffers of ReLU with p-annealing for batches of {@code batchSize} tokens.
   *
   * @param steps of the run
   */
  public static SparseObjective pAnneal(
      Workspace workspace,
      ThresholdSae sae,
      PAnnealConfig config,
      int steps,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    SparsityCoefficient coefficient = new SparsityCoefficient(config.sparsity(), steps);
    Annealing annealing = new Annealing(config.annealing(), steps);
    return relu(
        workspace,
        sae,
        new CodePenalty(workspace, sae, batchSize, coefficient, Optional.of(annealing)),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * Declares the buffers of JumpReLU for batches of {@code batchSize} tokens.
   *
   * @param steps of the run
   * @throws IllegalArgumentException with the JSON field's name when it has no settings of
   *     training, or k_aux is more than d_sae
   */
  public static SparseObjective jumpRelu(
      Workspace workspace,
      ThresholdSae sae,
      JumpReluConfig config,
      int steps,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    JumpReluTraining training = SparsityConfig.require(config.architecture(), config.training());
    JumpRelu jumpRelu = new JumpRelu(workspace, sae, training, steps, batchSize);
    return new SparseObjective(
        workspace,
        sae,
        jumpRelu,
        WholeReconstruction::new,
        FurtherTerms.penalty(jumpRelu),
        batchSize,
        normalizer,
        auxConfig);
  }

  /**
   * AuxK has nothing to do with ReLU: a latent that is not active has no positive pre-activation.
   */
  private static SparseObjective relu(
      Workspace workspace,
      ThresholdSae sae,
      SparsityPenalty penalty,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    return new SparseObjective(
        workspace,
        sae,
        sae::encodePositive,
        WholeReconstruction::new,
        FurtherTerms.penalty(penalty),
        batchSize,
        normalizer,
        auxConfig.withAlpha(0));
  }

  /** Declares the buffers of a reconstruction. */
  @FunctionalInterface
  private interface ReconstructionBuffers {
    Reconstruction create(Workspace workspace, Sae sae, int batchSize, BatchSums sums);
  }

  private SparseObjective(
      Workspace workspace,
      Sae sae,
      LatentChoice choice,
      ReconstructionBuffers reconstruct,
      FurtherTerms further,
      int batchSize,
      LossNormalizer normalizer,
      AuxKConfig auxConfig) {
    int dSae = sae.dSae();
    int capacity = Math.max(sae.maxActive(), choice.mostActive());
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.choice = choice;
    this.fixedPoint = further.fixedPoint();
    this.more = further.more();
    this.penalty = further.penalty();
    this.normalizer = normalizer;
    this.batchSize = batchSize;
    this.firing = new FiringRecord(workspace, dSae, auxConfig.deadAfterTokens());
    this.sums = new BatchSums(workspace, "batch", batchSize, sae.dOut());
    this.inputs = workspace.floats("encoder inputs", batchSize, sae.dIn());
    this.reconstruction = reconstruct.create(workspace, sae, batchSize, sums);
    this.codes = workspace.codes("codes", batchSize, capacity, dSae);
    this.order = workspace.order("order", batchSize, capacity, dSae);
    this.codeGradients = workspace.floats("code gradients", batchSize, capacity);
    this.bEncGradient = workspace.floats("b_enc gradient", 1, dSae);
    this.bDecGradient = workspace.floats("b_dec gradient", 1, sae.dOut());
    this.skipGradient =
        sae.skip().map(skip -> workspace.floats("W_skip gradient", skip.rows(), skip.cols()));
    this.starts = workspace.onHost(int[]::new, dSae + 1);
    this.aux =
        auxConfig.alpha() > 0
            ? Optional.of(new AuxK(workspace, sae, batchSize, auxConfig, sums))
            : Optional.empty();
  }

  @Override
  public Sae sae() {
    return sae;
  }

  @Override
  public void beginStep(int step) {
    choice.beginStep(step);
  }

  @Override
  public SaeLoss backward(FloatMatrix rows) {
    FloatMatrix x = sae.inputs(rows);
    FloatMatrix target = sae.targets(rows);
    double variance = sums.variance(target, reconstruction.error());
    checkBatch(x, target, variance);
    SaeLayers.prepare(inputs, x, sae);
    choice.choose(codes, inputs);
    reconstruction.decode(codes, x, target);
    recordFiring();

    double divisor = normalizer == LossNormalizer.BATCH_VARIANCE ? variance : batchSize;
    int[] dead = firing.dead();
    terms.clear();
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put(SaeLoss.RECONSTRUCTION, reconstruction.loss() / divisor);
    fixedPoint.ifPresent(part -> parts.put(SaeLoss.FIXED_POINT, part.backward(inputs, divisor)));
    if (aux.isPresent()) {
      parts.put(SaeLoss.AUXILIARY, 0.0);
    }
    if (aux.isPresent() && dead.length > 0) {
      terms.add(aux.get());
      parts.put(
          SaeLoss.AUXILIARY, aux.get().backward(inputs, reconstruction.error(), dead, divisor));
    }
    more.ifPresent(term -> {
      terms.add(term);
      parts.put(SaeLoss.MULTI_TOPK, term.backward(target, divisor));
    });
    double l0 = (double) starts[starts.length - 1] / batchSize;
    reconstruction.differentiate(divisor);
    reconstruction.codeGradients(codeGradients, codes);
    penalty.ifPresent(each -> parts.put(SaeLoss.SPARSITY, each.backward(active(l0, divisor))));
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
      wDec.add(term.decoderTerm());
    });
    Map<String, SaeGradient> gradients = new HashMap<>();
    gradients.put("W_enc", new SaeGradient.Sparse(wEnc));
    gradients.put("b_enc", new SaeGradient.Dense(bEncGradient));
    gradients.put("W_dec", new SaeGradient.Sparse(wDec));
    gradients.put("b_dec", new SaeGradient.Dense(bDecGradient));
    penalty.ifPresent(each -> gradients.putAll(each.gradients()));
    skipGradient.ifPresent(
        matrix -> gradients.put(SaeParameter.SKIP, new SaeGradient.Dense(matrix)));
    return gradients;
  }

  @Override
  public Map<String, long[]> numbers() {
    Map<String, long[]> numbers = new HashMap<>(choice.numbers());
    penalty.ifPresent(each -> numbers.putAll(each.numbers()));
    numbers.put("tokens_since_firing", firing.tokensSince());
    return numbers;
  }

  private void recordFiring() {
    kernels.orderByLatent(order, codes);
    device.download(starts, 0, order.starts());
    firing.add(starts, batchSize);
  }

  private SparsityPenalty.Batch active(double l0, double divisor) {
    return new SparsityPenalty.Batch(codes, order, codeGradients, reconstruction, l0, divisor);
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
