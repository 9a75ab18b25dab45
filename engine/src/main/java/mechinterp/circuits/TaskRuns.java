package mechinterp.circuits;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.kernel.Kernels;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/** A model on the prompts of a task, in batches of bounded size. */
final class TaskRuns {
  private final Transformer model;
  private final CircuitTask task;
  private final CircuitSettings settings;
  private final MetricReader metric;
  private final Baseline baseline;

  /**
   * Runs the clean and the corrupted prompts.
   *
   * @throws IllegalArgumentException when the model cannot read the task, or an example is longer
   *     than a batch may be
   */
  TaskRuns(Transformer model, CircuitTask task, CircuitSettings settings) {
    task.requireFits(model);
    this.model = model;
    this.task = task;
    this.settings = settings;
    this.metric = new MetricReader(model, task, settings.metric());
    requireLengths();
    this.baseline = runBaseline();
  }

  private void requireLengths() {
    for (CircuitExample example : task.examples()) {
      if (example.tokens() > settings.maxTokens()) {
        throw new IllegalArgumentException(
            "max_tokens: is %d; a prompt of %s has %d tokens, max_tokens must be at least that"
                .formatted(settings.maxTokens(), task.name(), example.tokens()));
      }
    }
  }

  private Baseline runBaseline() {
    double[] clean = new double[task.examples().size()];
    double[] corrupt = new double[clean.length];
    for (List<Integer> members : chunks()) {
      ExampleBatch batch = ExampleBatch.clean(task, members);
      FloatMatrix output = model.run(batch.tokens()).output();
      metric.keepClean(batch, output);
      put(clean, batch, metric.values(batch, output));
      ExampleBatch twins = ExampleBatch.corrupt(task, members);
      put(corrupt, twins, metric.values(twins, model.run(twins.tokens()).output()));
    }
    return Baseline.of(clean, corrupt);
  }

  private static void put(double[] all, ExampleBatch batch, double[] some) {
    for (int s = 0; s < some.length; s++) {
      all[batch.members().get(s)] = some[s];
    }
  }

  Transformer model() {
    return model;
  }

  Device device() {
    return model.device();
  }

  Kernels kernels() {
    return model.device().kernels();
  }

  CircuitTask task() {
    return task;
  }

  CircuitSettings settings() {
    return settings;
  }

  MetricReader metric() {
    return metric;
  }

  Baseline baseline() {
    return baseline;
  }

  /** Returns the metric of the runs that values are put into. */
  double[] unpatched() {
    return switch (settings.direction()) {
      case NOISING -> baseline.cleanArray();
      case DENOISING -> baseline.corruptArray();
    };
  }

  /** Returns the prompts that values are put into. */
  ExampleBatch base(List<Integer> members) {
    return switch (settings.direction()) {
      case NOISING -> ExampleBatch.clean(task, members);
      case DENOISING -> ExampleBatch.corrupt(task, members);
    };
  }

  /** Returns the prompts that the values come from. */
  ExampleBatch source(List<Integer> members) {
    return switch (settings.direction()) {
      case NOISING -> ExampleBatch.corrupt(task, members);
      case DENOISING -> ExampleBatch.clean(task, members);
    };
  }

  /** Returns the numbers of the examples, as many in each chunk as run at once. */
  List<List<Integer>> chunks() {
    List<List<Integer>> chunks = new ArrayList<>();
    int tokens = settings.maxTokens();
    for (int member = 0; member < task.examples().size(); member++) {
      int more = task.examples().get(member).tokens();
      if (tokens + more > settings.maxTokens()) {
        chunks.add(new ArrayList<>());
        tokens = 0;
      }
      tokens += more;
      chunks.getLast().add(member);
    }
    return chunks;
  }

  /** Returns activations of prompts at hook points. */
  Activations capture(ExampleBatch batch, Set<HookPoint> hooks) {
    return model.capture(batch.tokens(), hooks, Map.of());
  }

  /** Returns the metric of each sequence with edits. */
  double[] run(ExampleBatch batch, Map<HookPoint, Edit> edits) {
    return metric.values(batch, model.run(batch.tokens(), Set.of(), edits).output());
  }

  /** Returns a new matrix with what the source has more than the base. */
  FloatMatrix difference(FloatMatrix source, FloatMatrix base) {
    FloatMatrix difference = device().floats(base.rows(), base.cols());
    kernels().subtract(difference, source, base);
    return difference;
  }

  /** Returns at hook points what the source of values has more than the prompts they go into. */
  Map<HookPoint, FloatMatrix> differences(List<Integer> members, Set<HookPoint> hooks) {
    Activations before = capture(base(members), hooks);
    Activations after = capture(source(members), hooks);
    Map<HookPoint, FloatMatrix> differences = new LinkedHashMap<>();
    hooks.forEach(hook -> differences.put(hook, difference(after.at(hook), before.at(hook))));
    return differences;
  }

  /** Returns the tokens of the largest batch of prompts as they are. */
  int tokensAtOnce() {
    int all = task.examples().stream().mapToInt(CircuitExample::tokens).sum();
    return Math.min(all, settings.maxTokens());
  }

  /** Returns the memory of captures at hook points. */
  MemoryPlan withCaptures(MemoryPlan plan, String name, Set<HookPoint> hooks) {
    long columns = hooks.stream().mapToLong(model::width).sum();
    return plan.withMatrix(name, tokensAtOnce(), columns);
  }
}
