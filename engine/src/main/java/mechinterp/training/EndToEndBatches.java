package mechinterp.training;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import mechinterp.activation.ActivationBatches;
import mechinterp.activation.SequenceBatches;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.nn.CrossEntropy;
import mechinterp.nn.KlDivergence;
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
  private final KlDivergence divergence;
  private final CrossEntropy crossEntropy;

  /**
   * Takes a language model's sequences, which it closes.
   *
   * @throws IllegalArgumentException when the model makes no logits
   * @throws mechinterp.device.InsufficientMemoryException when the logits of some rows do not fit
   */
  public EndToEndBatches(SequenceBatches sequences) {
    this.sequences = sequences;
    this.model = sequences.model();
    this.device = model.device();
    this.kernels = device.kernels();
    this.divergence = new KlDivergence(device, model.unembed(), LOGIT_ROWS);
    this.crossEntropy = new CrossEntropy(device, model.unembed(), LOGIT_ROWS);
  }

  @Override
  public double backward(
      FloatMatrix gradient, FloatMatrix reconstructions, EndToEndConfig.Loss loss) {
    TokenBatch tokens = sequences.tokens();
    HookPoint hook = sequences.hook();
    IntMatrix rows = device.ints(1, reconstructions.rows());
    device.upload(rows, sequences.rows(), 0);
    float scale = (float) sequences.scale();
    try (GradientRun run =
        model.runForGradients(
            tokens, Set.of(), Map.of(hook, replace(reconstructions, rows, scale)))) {
      FloatMatrix dHidden = device.floats(tokens.tokens(), run.output().cols());
      double mean =
          switch (loss) {
            case KL -> divergence(dHidden, run.output());
            case CE -> crossEntropy(dHidden, run.output(), tokens);
          };
      FloatMatrix all = run.backward(dHidden, Set.of(hook), Map.of()).at(hook);
      kernels.gatherRows(gradient, all, rows);
      kernels.scale(gradient, gradient, 1 / scale);
      return mean;
    }
  }

  private Edit replace(FloatMatrix reconstructions, IntMatrix rows, float scale) {
    return (activation, _) -> {
      FloatMatrix change = device.floats(reconstructions.rows(), reconstructions.cols());
      kernels.gatherRows(change, activation, rows);
      kernels.scale(change, change, -1);
      kernels.addScaled(change, reconstructions, 1 / scale);
      kernels.scatterAddRows(activation, change, rows);
    };
  }

  private double divergence(FloatMatrix dHidden, FloatMatrix hidden) {
    FloatMatrix losses = device.floats(hidden.rows(), 1);
    divergence.backward(dHidden, losses, sequences.output(), hidden, 1f / hidden.rows());
    return sum(losses) / hidden.rows();
  }

  private double crossEntropy(FloatMatrix dHidden, FloatMatrix hidden, TokenBatch tokens) {
    int[] targets = tokens.nextIds();
    int predictions = tokens.tokens() - tokens.sequences();
    IntMatrix wanted = device.ints(1, targets.length);
    device.upload(wanted, targets, 0);
    FloatMatrix weights = device.floats(targets.length, 1);
    kernels.fill(weights, 1f / Math.max(1, predictions));
    FloatMatrix losses = device.floats(targets.length, 1);
    crossEntropy.backward(dHidden, losses, hidden, wanted, weights);
    return sum(losses) / Math.max(1, predictions);
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
