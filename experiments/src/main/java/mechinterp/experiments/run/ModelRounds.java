package mechinterp.experiments.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.experiments.run.ModelBenchmark.Phase;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.LoadOptions;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerBuilder;
import mechinterp.nn.CrossEntropy;
import mechinterp.nn.Parameter;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** A loaded model and the work that {@link ModelBenchmark} measures. */
final class ModelRounds {
  /** Rows of logits at a time; the logits of a batch need not exist all at once. */
  private static final int LOGIT_ROWS = 512;

  private static final long SEED = 1;

  private final Transformer model;
  private final LoadOptions options;
  private final Device device;
  private final FloatMatrix logits;
  private final CrossEntropy crossEntropy;

  ModelRounds(Transformer model, LoadOptions options) {
    this.model = model;
    this.options = options;
    this.device = model.device();
    this.logits = device.floats(LOGIT_ROWS, model.unembed().vocabulary());
    this.crossEntropy = new CrossEntropy(device, model.unembed(), LOGIT_ROWS);
  }

  String identity() {
    return model.identity();
  }

  /** Returns the memory that a phase needs. */
  MemoryPlan plan(Phase phase, int tokens) {
    MemoryPlan plan =
        MemoryPlan.empty(phase + " of " + model.config().name())
            .with("weights", TransformerBuilder.plan(model.config(), device, options).total());
    return switch (phase) {
      case TRUNK -> plan.with("workspace", model.memoryPlan(tokens).total());
      case LOGITS ->
          plan.with("workspace", model.memoryPlan(tokens).total())
              .withMatrix("logits", logits.rows(), logits.cols());
      case GRADIENTS, TRAINING ->
          plan.with("workspace", model.gradientMemoryPlan(tokens).total())
              .with("logits", CrossEntropy.plan(device, model.unembed(), LOGIT_ROWS).total());
    };
  }

  /** The same ids each time. */
  TokenBatch randomBatch(int sequences, int tokens) {
    RandomStream random = RandomStream.of(SEED, "ids");
    List<int[]> ids = new ArrayList<>();
    for (int s = 0; s < sequences; s++) {
      int[] sequence = new int[tokens];
      for (int t = 0; t < tokens; t++) {
        sequence[t] = random.below((long) s * tokens + t, model.config().dVocab());
      }
      ids.add(sequence);
    }
    return TokenBatch.ofIds(ids);
  }

  FloatMatrix trunk(TokenBatch batch) {
    return model.run(batch).output();
  }

  void logits(TokenBatch batch) {
    FloatMatrix hidden = trunk(batch);
    for (int from = 0; from < hidden.rows(); from += LOGIT_ROWS) {
      int end = Math.min(hidden.rows(), from + LOGIT_ROWS);
      model.unembed().forward(logits.rowRange(0, end - from), hidden.rowRange(from, end));
    }
  }

  void gradients(TokenBatch batch) {
    try (GradientRun run = model.runForGradients(batch)) {
      var _ =
          run.backward(
              gradientOfLoss(batch, run.output()), Set.of(HookPoint.residPre(0)), Map.of());
    }
  }

  void training(TokenBatch batch) {
    for (Parameter parameter : model.parameters()) {
      device.kernels().fill(parameter.gradient(), 0);
    }
    try (GradientRun run = model.runForGradients(batch)) {
      run.backward(gradientOfLoss(batch, run.output()));
    }
  }

  private FloatMatrix gradientOfLoss(TokenBatch batch, FloatMatrix hidden) {
    FloatMatrix gradient = device.floats(hidden.rows(), hidden.cols());
    FloatMatrix weights = device.floats(hidden.rows(), 1);
    device.kernels().fill(weights, 1f / (batch.tokens() - batch.sequences()));
    crossEntropy.backward(
        gradient, device.floats(hidden.rows(), 1), hidden, nextIds(batch), weights);
    return gradient;
  }

  private IntMatrix nextIds(TokenBatch batch) {
    int[] next = new int[batch.tokens()];
    Arrays.fill(next, -1);
    for (int s = 0; s < batch.sequences(); s++) {
      for (int t = batch.start(s); t < batch.end(s) - 1; t++) {
        next[t] = batch.id(t + 1);
      }
    }
    IntMatrix targets = device.ints(1, next.length);
    device.upload(targets, next, 0);
    return targets;
  }
}
