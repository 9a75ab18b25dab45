package mechinterp.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.nn.CrossEntropy;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * How well a model predicts a text: the cross-entropy of every token in its window, in nats. The
 * first tokens of a window have little before them, so longer windows would give a lower loss.
 *
 * @param total sum over the tokens
 * @param tokens how many
 */
public record LanguageModelLoss(double total, int tokens) {
  private static final int TOKENS_AT_ONCE = 2048;
  private static final int LOGIT_ROWS = 512;

  /**
   * Measures a model.
   *
   * @throws IllegalArgumentException when the model makes no logits or takes no windows of this
   *     length
   * @throws mechinterp.device.InsufficientMemoryException when a batch does not fit
   */
  public static LanguageModelLoss of(Transformer model, TokenStream text) {
    return new Evaluator(model, text).run();
  }

  /** Returns the mean in nats a token. */
  public double mean() {
    return total / tokens;
  }

  private static final class Evaluator {
    private final Transformer model;
    private final TokenStream text;
    private final int windowsAtOnce;
    private final Losses losses;
    private final float[] onHost;

    /** The losses of a batch and its targets. */
    private record Losses(FloatMatrix values, IntMatrix targets) {
      static Losses declare(Workspace workspace, int tokens) {
        return new Losses(
            workspace.floats("losses", tokens, 1), workspace.ints("targets", 1, tokens));
      }
    }

    Evaluator(Transformer model, TokenStream text) {
      this.model = model;
      this.text = text;
      this.windowsAtOnce = Math.max(1, TOKENS_AT_ONCE / text.context());
      int tokens = windowsAtOnce * text.context();
      this.losses =
          Workspace.allocate(
              "loss", model.device(), workspace -> Losses.declare(workspace, tokens));
      this.onHost = new float[tokens];
    }

    LanguageModelLoss run() {
      CrossEntropy crossEntropy = new CrossEntropy(model.device(), model.unembed(), LOGIT_ROWS);
      double sum = 0;
      for (int first = 0; first < text.windows(); first += windowsAtOnce) {
        int end = Math.min(text.windows(), first + windowsAtOnce);
        sum += batch(crossEntropy, first, end);
      }
      return new LanguageModelLoss(sum, text.tokens());
    }

    private double batch(CrossEntropy crossEntropy, int first, int end) {
      List<int[]> inputs = new ArrayList<>();
      List<int[]> targets = new ArrayList<>();
      for (int window = first; window < end; window++) {
        inputs.add(text.inputs(window));
        targets.add(text.targets(window));
      }
      int[] wanted = targets.stream().flatMapToInt(Arrays::stream).toArray();
      Device device = model.device();
      IntMatrix ids = losses.targets().columnRange(0, wanted.length);
      FloatMatrix values = losses.values().rowRange(0, wanted.length);
      device.upload(ids, wanted, 0);
      FloatMatrix hidden = model.run(TokenBatch.ofIds(inputs)).output();
      crossEntropy.forward(values, hidden, ids);
      device.download(onHost, 0, values);
      double sum = 0;
      for (int i = 0; i < wanted.length; i++) {
        sum += onHost[i];
      }
      return sum;
    }
  }
}
