package mechinterp.training;

import java.util.Arrays;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.Kernels;
import mechinterp.model.GradientRun;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.nn.CrossEntropy;
import mechinterp.optim.AdamW;
import mechinterp.optim.GradientClipping;
import mechinterp.optim.ParameterState;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** All that training a language model holds besides the model, and what a step does with it. */
final class LanguageModelStep {
  private final Transformer model;
  private final Device device;
  private final IntMatrix targets;
  private final FloatMatrix losses;
  private final FloatMatrix weights;
  private final FloatMatrix dHidden;
  private final float[] lossesOnHost;
  private final List<AdamW> optimizers;
  private final GradientClipping clipping;

  /** Declares everything for {@code tokens} tokens at once. */
  LanguageModelStep(Workspace workspace, Transformer model, int tokens) {
    this.model = model;
    this.device = workspace.device();
    this.targets = workspace.ints("targets", 1, tokens);
    this.losses = workspace.floats("losses", tokens, 1);
    this.weights = workspace.floats("weights of the losses", tokens, 1);
    this.dHidden = workspace.floats("gradients of hidden states", tokens, model.config().dModel());
    this.lossesOnHost = workspace.onHost(float[]::new, tokens);
    this.optimizers = model.parameters().stream().map(each -> new AdamW(workspace, each)).toList();
    this.clipping = new GradientClipping(workspace, model.parameters());
  }

  List<ParameterState> parameters() {
    return optimizers.stream().map(AdamW::state).toList();
  }

  /**
   * Adds the gradient of the mean loss of all windows to the parameters' gradients.
   *
   * @param crossEntropy of the model
   * @param text what the windows are of
   * @param microBatches windows that run at once; all have as many
   * @return the mean loss in nats a token
   */
  double addGradients(CrossEntropy crossEntropy, TokenStream text, List<int[]> microBatches) {
    double sum = 0;
    kernels().fill(weights, 1f / (microBatches.size() * weights.rows()));
    for (int[] windows : microBatches) {
      sum += addGradients(crossEntropy, text, windows);
    }
    return sum / ((double) microBatches.size() * weights.rows());
  }

  private double addGradients(CrossEntropy crossEntropy, TokenStream text, int[] windows) {
    TokenBatch batch = TokenBatch.ofIds(Arrays.stream(windows).mapToObj(text::inputs).toList());
    int[] next =
        Arrays.stream(windows).mapToObj(text::targets).flatMapToInt(Arrays::stream).toArray();
    device.upload(targets, next, 0);
    try (GradientRun run = model.runForGradients(batch)) {
      crossEntropy.backward(dHidden, losses, run.output(), targets, weights);
      run.backward(dHidden);
    }
    device.download(lossesOnHost, 0, losses);
    double sum = 0;
    for (float loss : lossesOnHost) {
      sum += loss;
    }
    return sum;
  }

  /** Returns the norm of all gradients together. */
  double gradientNorm() {
    return clipping.norm();
  }

  /** Moves the weights along the gradients, clipped to a norm, and sets the gradients to 0. */
  void update(double norm, double clipNorm, AdamStep step, double weightDecay) {
    clipping.clip(norm, clipNorm);
    optimizers.forEach(optimizer -> optimizer.step(step, weightDecay));
    model.parameters().forEach(parameter -> kernels().fill(parameter.gradient(), 0));
    model.refresh();
  }

  private Kernels kernels() {
    return device.kernels();
  }
}
