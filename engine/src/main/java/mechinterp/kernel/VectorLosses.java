package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** Softmax and the losses of {@link VectorKernels}, row by row. */
final class VectorLosses {
  private final WorkerPool workers;

  VectorLosses(WorkerPool workers) {
    this.workers = workers;
  }

  void softmax(FloatMatrix out, FloatMatrix x) {
    workers.forEachRow(x, row -> softmaxRow(out, x, row, 1));
  }

  private static void softmaxRow(FloatMatrix out, FloatMatrix x, int row, float factor) {
    ExponentialLoops.softmax(
        HostMemory.floats(out),
        out.layout().index(row, 0),
        HostMemory.floats(x),
        x.layout().index(row, 0),
        x.cols(),
        factor);
  }

  void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    workers.forEachRow(
        y,
        row ->
            ExponentialLoops.softmaxBackward(
                HostMemory.floats(dx),
                dx.layout().index(row, 0),
                HostMemory.floats(dy),
                dy.layout().index(row, 0),
                HostMemory.floats(y),
                y.layout().index(row, 0),
                y.cols()));
  }

  void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets) {
    workers.forEachRow(
        logits,
        row -> {
          int target = HostMemory.intAt(targets, 0, row);
          double loss =
              target == -1
                  ? 0
                  : logSumExp(logits, row)
                      - HostMemory.floats(logits)[logits.layout().index(row, target)];
          HostMemory.floats(losses)[losses.layout().index(row, 0)] = (float) loss;
        });
  }

  private static double logSumExp(FloatMatrix x, int row) {
    return ExponentialLoops.logSumExp(HostMemory.floats(x), x.layout().index(row, 0), x.cols());
  }

  void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights) {
    workers.forEachRow(
        logits,
        row -> {
          int target = HostMemory.intAt(targets, 0, row);
          float[] to = HostMemory.floats(dLogits);
          int at = dLogits.layout().index(row, 0);
          if (target == -1) {
            Arrays.fill(to, at, at + dLogits.cols(), 0);
            return;
          }
          float weight = HostMemory.floats(weights)[weights.layout().index(row, 0)];
          softmaxRow(dLogits, logits, row, weight);
          to[at + target] -= weight;
        });
  }

  void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits) {
    workers.forEachRow(
        pLogits,
        row ->
            HostMemory.floats(out)[out.layout().index(row, 0)] =
                (float) divergence(pLogits, qLogits, row));
  }

  /** The logarithms of the sums are rounded for the loop; what that cost is added afterwards. */
  private static double divergence(FloatMatrix pLogits, FloatMatrix qLogits, int row) {
    double p = logSumExp(pLogits, row);
    double q = logSumExp(qLogits, row);
    float sum =
        ExponentialLoops.divergence(
            HostMemory.floats(pLogits),
            pLogits.layout().index(row, 0),
            (float) p,
            HostMemory.floats(qLogits),
            qLogits.layout().index(row, 0),
            (float) q,
            pLogits.cols());
    return sum + ((float) p - p) - ((float) q - q);
  }
}
