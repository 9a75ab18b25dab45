package mechinterp.training;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.activation.ActivationBatches;
import mechinterp.activation.SequenceBatches;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.nn.CrossEntropy;
import mechinterp.nn.KlDivergence;
import mechinterp.nn.Unembed;
import mechinterp.sae.objective.DownstreamLoss;
import mechinterp.sae.objective.EndToEndConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * Activations of whole sequences, and what the model makes of their reconstructions: with x^ in the
 * place of x at the hook point, the KL divergence or the cross-entropy of the next token, as a mean
 * over the tokens of the batch's sequences (of the cross-entropy those with a next token). Tokens
 * of the sequences that the batch has no activation of, such as the one that begins the text, keep
 * theirs.
 */
public final class EndToEndBatches implements ActivationBatches, DownstreamLoss, AutoCloseable {
  private static final int LOGIT_ROWS = 256;

  private final SequenceBatches sequences;
  private final Transformer model;
  private final Device device;
  private final Kernels kernels;
  private final Unembed unembed;
  private Optional<KlDivergence> klDivergence = Optional.empty();
  private Optional<CrossEntropy> crossEntropy = Optional.empty();
  private Optional<Buffers> held = Optional.empty();

  /**
   * What a step computes in.
   *
   * @param rows which tokens are the batch's [1, rows]
   * @param change of the activations at those [rows, d_in]
   * @param dHidden gradient by the final hidden states [tokens, d_model]
   * @param losses of the tokens [tokens, 1]
   * @param weights of the losses [tokens, 1]
   * @param targets next tokens [1, tokens]
   */
  private record Buffers(
      IntMatrix rows,
      FloatMatrix change,
      FloatMatrix dHidden,
      FloatMatrix losses,
      FloatMatrix weights,
      IntMatrix targets) {
    static Buffers declare(Workspace workspace, int tokens, int rows, int dIn, int dModel) {
      return new Buffers(
          workspace.ints("rows", 1, rows),
          workspace.floats("change of activations", rows, dIn),
          workspace.floats("gradients of hidden states", tokens, dModel),
          workspace.floats("losses", tokens, 1),
          workspace.floats("weights of the losses", tokens, 1),
          workspace.ints("next tokens", 1, tokens));
    }

    boolean holds(int tokens, int count) {
      return dHidden.rows() >= tokens && rows.cols() >= count;
    }

    Buffers first(int tokens, int count) {
      return new Buffers(
          rows.columnRange(0, count),
          change.rowRange(0, count),
          dHidden.rowRange(0, tokens),
          losses.rowRange(0, tokens),
          weights.rowRange(0, tokens),
          targets.columnRange(0, tokens));
    }
  }

  /**
   * Takes a language model's sequences, which it closes.
   *
   * @throws IllegalArgumentException when the model makes no logits
   */
  public EndToEndBatches(SequenceBatches sequences) {
    this.sequences = sequences;
    this.model = sequences.model();
    this.device = model.device();
    this.kernels = device.kernels();
    this.unembed = model.unembed();
  }

  /**
   * {@inheritDoc}
   *
   * <p>The sequences of a batch may have more tokens than the next batch's, of which the plan is
   * made, and the longest sequence together; then more is taken.
   */
  @Override
  public MemoryPlan memoryPlan(int tokens, EndToEndConfig.Loss loss) {
    int all = sequences.tokensOf(tokens);
    MemoryPlan logits =
        switch (loss) {
          case KL -> KlDivergence.plan(device, unembed, LOGIT_ROWS);
          case CE -> CrossEntropy.plan(device, unembed, LOGIT_ROWS);
        };
    int dModel = model.config().dModel();
    return Workspace.plan("end to end", device, w -> declare(w, all, tokens))
        .withMatrix("activations and gradients at the hook point", 2L * all, dIn())
        .withMatrix("final hidden states", 2L * all, dModel)
        .with("forward pass", model.memoryPlan(all).total())
        .with("forward and backward pass", model.gradientMemoryPlan(all).total())
        .and("loss", logits);
  }

  private Buffers declare(Workspace workspace, int tokens, int rows) {
    return Buffers.declare(workspace, tokens, rows, dIn(), model.config().dModel());
  }

  private Buffers buffers(int tokens, int rows) {
    Buffers large =
        held.filter(each -> each.holds(tokens, rows))
            .orElseGet(
                () -> Workspace.allocate("end to end", device, w -> declare(w, tokens, rows)));
    held = Optional.of(large);
    return large.first(tokens, rows);
  }

  @Override
  public double backward(
      FloatMatrix gradient, FloatMatrix reconstructions, EndToEndConfig.Loss loss) {
    TokenBatch tokens = sequences.tokens();
    HookPoint hook = sequences.hook();
    Buffers buffers = buffers(tokens.tokens(), reconstructions.rows());
    device.upload(buffers.rows(), sequences.rows(), 0);
    float scale = (float) sequences.scale();
    Edit edit = replace(buffers, reconstructions, scale);
    try (GradientRun run = model.runForGradients(tokens, Set.of(), Map.of(hook, edit))) {
      double mean =
          switch (loss) {
            case KL -> divergence(buffers, run.output());
            case CE -> crossEntropy(buffers, run.output(), tokens);
          };
      FloatMatrix all = run.backward(buffers.dHidden(), Set.of(hook), Map.of()).at(hook);
      kernels.gatherRows(gradient, all, buffers.rows());
      kernels.scale(gradient, gradient, 1 / scale);
      return mean;
    }
  }

  private Edit replace(Buffers buffers, FloatMatrix reconstructions, float scale) {
    FloatMatrix change = buffers.change();
    return (activation, _) -> {
      kernels.gatherRows(change, activation, buffers.rows());
      kernels.scale(change, change, -1);
      kernels.addScaled(change, reconstructions, 1 / scale);
      kernels.scatterAddRows(activation, change, buffers.rows());
    };
  }

  private double divergence(Buffers buffers, FloatMatrix hidden) {
    KlDivergence own = klDivergence.orElseGet(() -> new KlDivergence(device, unembed, LOGIT_ROWS));
    klDivergence = Optional.of(own);
    float weight = 1f / hidden.rows();
    own.backward(buffers.dHidden(), buffers.losses(), sequences.output(), hidden, weight);
    return sum(buffers.losses()) / hidden.rows();
  }

  private double crossEntropy(Buffers buffers, FloatMatrix hidden, TokenBatch tokens) {
    CrossEntropy own = crossEntropy.orElseGet(() -> new CrossEntropy(device, unembed, LOGIT_ROWS));
    crossEntropy = Optional.of(own);
    int predictions = Math.max(1, tokens.tokens() - tokens.sequences());
    device.upload(buffers.targets(), tokens.nextIds(), 0);
    kernels.fill(buffers.weights(), 1f / predictions);
    own.backward(buffers.dHidden(), buffers.losses(), hidden, buffers.targets(), buffers.weights());
    return sum(buffers.losses()) / predictions;
  }

  private double sum(FloatMatrix losses) {
    double sum = 0;
    for (float loss : device.toHost(losses)) {
      sum += loss;
    }
    return sum;
  }

  @Override
  public int dIn() {
    return sequences.dIn();
  }

  @Override
  public void next(FloatMatrix batch) {
    sequences.next(batch);
  }

  @Override
  public String identity() {
    return sequences.identity();
  }

  @Override
  public long position() {
    return sequences.position();
  }

  @Override
  public void seek(long position) {
    sequences.seek(position);
  }

  @Override
  public void close() throws IOException {
    sequences.close();
  }
}
