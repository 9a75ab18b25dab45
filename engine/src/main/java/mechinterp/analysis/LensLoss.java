package mechinterp.analysis;

import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.nn.KlDivergence;
import mechinterp.nn.RowNorm;
import mechinterp.tensor.FloatMatrix;

/**
 * The loss of a lens at a hook point: the mean over tokens of the KL divergence of its predictions
 * from the model's own, and the gradient by its translator.
 */
final class LensLoss {
  /** Tokens of which logits are there at once. */
  private static final int LOGIT_ROWS = 256;

  private final Transformer model;
  private final Device device;
  private final KlDivergence divergence;
  private final Buffers buffers;

  /** A row for each token. */
  private record Buffers(
      FloatMatrix translated,
      FloatMatrix hidden,
      FloatMatrix scale,
      FloatMatrix gradient,
      FloatMatrix dScale,
      FloatMatrix losses) {
    static Buffers declare(Workspace workspace, int tokens, int width) {
      return new Buffers(
          workspace.floats("translated", tokens, width),
          workspace.floats("hidden", tokens, width),
          workspace.floats("scale", tokens, 1),
          workspace.floats("gradient", tokens, width),
          workspace.floats("gradient of the scale", tokens, 1),
          workspace.floats("losses", tokens, 1));
    }

    Buffers rows(int tokens) {
      return new Buffers(
          translated.rowRange(0, tokens),
          hidden.rowRange(0, tokens),
          scale.rowRange(0, tokens),
          gradient.rowRange(0, tokens),
          dScale.rowRange(0, tokens),
          losses.rowRange(0, tokens));
    }
  }

  LensLoss(Transformer model, int tokens) {
    this.model = model;
    this.device = model.device();
    this.divergence = new KlDivergence(device, model.unembed(), LOGIT_ROWS);
    this.buffers =
        Workspace.allocate(
            "lens", device, w -> Buffers.declare(w, tokens, model.config().dModel()));
  }

  static MemoryPlan plan(MemoryPlan plan, Transformer model, int tokens) {
    MemoryPlan lens =
        Workspace.plan(
            "lens", model.device(), w -> Buffers.declare(w, tokens, model.config().dModel()));
    MemoryPlan logits = KlDivergence.plan(model.device(), model.unembed(), LOGIT_ROWS);
    return plan.and("lens", lens).and("logits", logits);
  }

  /**
   * Returns the sum of the divergences, and adds the gradient of their mean to the translator's.
   *
   * @param h the residual stream [tokens, d_model]
   * @param output final hidden states of the model
   */
  double addGradients(TunedLens lens, HookPoint hook, FloatMatrix h, FloatMatrix output) {
    Buffers rows = buffers.rows(h.rows());
    double sum = sum(rows, lens, hook, h, output);
    model.finalNorm().ifPresent(norm -> normBackward(norm, rows));
    lens.addGradients(hook, rows.gradient(), h);
    return sum;
  }

  /** Returns the sum of the divergences. */
  double sum(TunedLens lens, HookPoint hook, FloatMatrix h, FloatMatrix output) {
    return sum(buffers.rows(h.rows()), lens, hook, h, output);
  }

  private double sum(
      Buffers rows, TunedLens lens, HookPoint hook, FloatMatrix h, FloatMatrix output) {
    lens.translate(rows.translated(), hook, h);
    model
        .finalNorm()
        .ifPresentOrElse(
            norm -> normForward(norm, rows),
            () -> device.kernels().copy(rows.hidden(), rows.translated()));
    divergence.backward(rows.gradient(), rows.losses(), output, rows.hidden(), 1f / h.rows());
    double sum = 0;
    for (float loss : device.toHost(rows.losses())) {
      sum += loss;
    }
    return sum;
  }

  private static void normForward(RowNorm norm, Buffers rows) {
    norm.scale(rows.scale(), rows.translated());
    norm.forward(rows.hidden(), rows.translated(), rows.scale());
  }

  private static void normBackward(RowNorm norm, Buffers rows) {
    FloatMatrix d = rows.gradient();
    norm.outputBackward(d, d);
    norm.normalizeBackward(d, rows.dScale(), d, rows.translated(), rows.scale());
    norm.scaleBackward(d, rows.dScale(), rows.translated(), rows.scale());
  }
}
