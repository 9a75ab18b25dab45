package mechinterp.circuits;

import java.util.Arrays;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.Transformer;
import mechinterp.nn.Unembed;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** Reads a task's metric, and its gradient, from final hidden states. */
final class MetricReader {
  /** Rows of logits at once: the vocabulary is wide. */
  private static final int ROWS_AT_ONCE = 64;

  private final CircuitTask task;
  private final TaskMetric metric;
  private final Device device;
  private final Kernels kernels;
  private final Unembed unembed;

  /** Final hidden states of the clean prompts [examples, d_model], where the metric reads them. */
  private Optional<FloatMatrix> untouched = Optional.empty();

  MetricReader(Transformer model, CircuitTask task, TaskMetric metric) {
    this.task = task;
    this.metric = metric;
    this.device = model.device();
    this.kernels = device.kernels();
    this.unembed = model.unembed();
  }

  /** Keeps what the metric compares with: the clean runs' output. */
  void keepClean(ExampleBatch batch, FloatMatrix output) {
    FloatMatrix kept =
        untouched.orElseGet(() -> device.floats(task.examples().size(), unembed.width()));
    untouched = Optional.of(kept);
    int[] rows = batch.lastRows();
    for (int s = 0; s < rows.length; s++) {
      kernels.copy(kept.row(batch.members().get(s)), output.row(rows[s]));
    }
  }

  /** Returns the metric of each sequence of a batch. */
  double[] values(ExampleBatch batch, FloatMatrix output) {
    double[] values = new double[batch.sequences()];
    for (int from = 0; from < values.length; from += ROWS_AT_ONCE) {
      Rows rows = new Rows(batch, output, from, Math.min(values.length, from + ROWS_AT_ONCE));
      double[] some = rows.values();
      System.arraycopy(some, 0, values, from, some.length);
    }
    return values;
  }

  /** Returns the gradient of the sum of all metrics with respect to the output. */
  FloatMatrix gradient(ExampleBatch batch, FloatMatrix output) {
    FloatMatrix dOutput = device.floats(output.rows(), output.cols());
    for (int from = 0; from < batch.sequences(); from += ROWS_AT_ONCE) {
      int to = Math.min(batch.sequences(), from + ROWS_AT_ONCE);
      new Rows(batch, output, from, to).addGradient(dOutput);
    }
    return dOutput;
  }

  /** The last rows of some sequences. */
  private final class Rows {
    private final int[] members;
    private final IntMatrix rows;
    private final FloatMatrix hidden;
    private final FloatMatrix logits;

    Rows(ExampleBatch batch, FloatMatrix output, int from, int to) {
      members =
          batch.members().stream()
              .mapToInt(Integer::intValue)
              .skip(from)
              .limit(to - from)
              .toArray();
      rows = device.matrix(1, to - from, Arrays.copyOfRange(batch.lastRows(), from, to));
      hidden = device.floats(to - from, output.cols());
      kernels.gatherRows(hidden, output, rows);
      logits = logits(hidden);
    }

    private FloatMatrix logits(FloatMatrix of) {
      FloatMatrix made = device.floats(of.rows(), unembed.vocabulary());
      unembed.forward(made, of);
      return made;
    }

    private FloatMatrix cleanLogits() {
      FloatMatrix clean = device.floats(members.length, unembed.width());
      kernels.gatherRows(clean, untouched.orElseThrow(), device.matrix(1, members.length, members));
      return logits(clean);
    }

    double[] values() {
      return switch (metric) {
        case LOGIT_DIFFERENCE -> differences();
        case KL_DIVERGENCE -> divergences();
      };
    }

    private double[] differences() {
      double[] values = new double[members.length];
      for (int i = 0; i < values.length; i++) {
        float[] row = device.toHost(logits.row(i));
        CircuitExample example = task.examples().get(members[i]);
        values[i] = (double) row[example.answer()] - row[example.wrong()];
      }
      return values;
    }

    private double[] divergences() {
      FloatMatrix found = device.floats(members.length, 1);
      kernels.klDivergence(found, cleanLogits(), logits);
      float[] host = device.toHost(found);
      double[] values = new double[host.length];
      Arrays.setAll(values, i -> host[i]);
      return values;
    }

    void addGradient(FloatMatrix dOutput) {
      FloatMatrix dLogits =
          switch (metric) {
            case LOGIT_DIFFERENCE -> ofDifference();
            case KL_DIVERGENCE -> ofDivergence();
          };
      FloatMatrix dHidden = device.floats(hidden.rows(), hidden.cols());
      unembed.backward(dHidden, dLogits, logits, hidden);
      kernels.scatterAddRows(dOutput, dHidden, rows);
    }

    private FloatMatrix ofDifference() {
      float[] ones = new float[Math.multiplyExact(members.length, unembed.vocabulary())];
      for (int i = 0; i < members.length; i++) {
        CircuitExample example = task.examples().get(members[i]);
        ones[i * unembed.vocabulary() + example.answer()] = 1;
        ones[i * unembed.vocabulary() + example.wrong()] = -1;
      }
      return device.matrix(members.length, unembed.vocabulary(), ones);
    }

    /** softmax(q) - softmax(p). */
    private FloatMatrix ofDivergence() {
      FloatMatrix p = cleanLogits();
      FloatMatrix gradient = device.floats(p.rows(), p.cols());
      kernels.softmax(p, p);
      kernels.softmax(gradient, logits);
      kernels.subtract(gradient, gradient, p);
      return gradient;
    }
  }
}
