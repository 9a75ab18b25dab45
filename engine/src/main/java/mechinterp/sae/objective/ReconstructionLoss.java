package mechinterp.sae.objective;

import java.util.Map;
import java.util.Optional;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;

/**
 * What is asked of each reconstruction x^ of a batch: the squared error and, with {@link
 * EndToEndConfig}, what a model that goes on with it makes of it.
 */
final class ReconstructionLoss {
  private final Kernels kernels;
  private final Optional<Buffers> buffers;
  private Optional<DownstreamLoss> downstream = Optional.empty();
  private double further;

  /** What is asked of the model, what it goes on with and the gradient by that. */
  private record Buffers(EndToEndConfig config, FloatMatrix reconstruction, FloatMatrix gradient) {
    static Buffers declare(Workspace workspace, EndToEndConfig config, int batchSize, int dOut) {
      return new Buffers(
          config,
          workspace.floats("reconstruction", batchSize, dOut),
          workspace.floats("gradient of the reconstruction", batchSize, dOut));
    }
  }

  ReconstructionLoss(
      Workspace workspace, int batchSize, int dOut, Optional<EndToEndConfig> endToEnd) {
    this.kernels = workspace.device().kernels();
    this.buffers = endToEnd.map(config -> Buffers.declare(workspace, config, batchSize, dOut));
  }

  /**
   * Hears what becomes of reconstructions further on.
   *
   * @throws IllegalStateException when nothing is asked about that
   */
  void continueWith(DownstreamLoss loss) {
    if (buffers.isEmpty()) {
      throw new IllegalStateException("end_to_end: is not set");
    }
    downstream = Optional.of(loss);
  }

  /** Begins a batch. */
  void begin() {
    further = 0;
  }

  /** Returns the share that squared errors have in the loss, before it is divided. */
  double ofSquares(double squares) {
    return reconstructionWeight() * squares;
  }

  private double reconstructionWeight() {
    return buffers.map(each -> each.config().reconstructionWeight()).orElse(1.0);
  }

  /**
   * Takes the loss of one reconstruction.
   *
   * @param error x^ - x, which becomes the gradient of the loss by x^
   * @param x the target
   * @param weight of this reconstruction among several
   * @param divisor of squared errors
   */
  void differentiate(FloatMatrix error, FloatMatrix x, double weight, double divisor) {
    buffers.ifPresent(each -> goOn(each, error, x, weight));
    kernels.scale(error, error, (float) (2 * weight * reconstructionWeight() / divisor));
    buffers.ifPresent(each ->
        kernels.addScaled(error, each.gradient(), (float) (weight * each.config().weight())));
  }

  private void goOn(Buffers own, FloatMatrix error, FloatMatrix x, double weight) {
    DownstreamLoss loss =
        downstream.orElseThrow(
            () -> new IllegalStateException("end_to_end: nothing was said of what goes on"));
    kernels.add(own.reconstruction(), error, x);
    double value = loss.backward(own.gradient(), own.reconstruction(), own.config().loss());
    further += weight * own.config().weight() * value;
  }

  /** Returns what else was asked of the reconstructions that were differentiated, by name. */
  Map<String, Double> furtherParts() {
    return buffers.isPresent() ? Map.of(SaeLoss.END_TO_END, further) : Map.of();
  }
}
