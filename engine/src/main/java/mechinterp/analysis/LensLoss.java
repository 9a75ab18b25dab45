package mechinterp.analysis;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.nn.KlDivergence;
import mechinterp.nn.RowNorm;
import mechinterp.tensor.FloatMatrix;

/**
 * The losses of a lens: of each hook point the mean over tokens of the KL divergence of its
 * predictions from the model's own, and the gradients by its translators. The model's own logits
 * are made once for all hook points.
 */
final class LensLoss {
  /** Tokens of which logits are there at once. */
  private static final int LOGIT_ROWS = 256;

  private final Transformer model;
  private final Device device;
  private final KlDivergence divergence;
  private final Buffers buffers;

  /** A row for each of {@link #LOGIT_ROWS} tokens. */
  private record Buffers(
      FloatMatrix translated,
      FloatMatrix hidden,
      FloatMatrix scale,
      FloatMatrix gradient,
      FloatMatrix dScale,
      FloatMatrix losses) {
    static Buffers declare(Workspace workspace, int width) {
      return new Buffers(
          workspace.floats("translated", LOGIT_ROWS, width),
          workspace.floats("hidden", LOGIT_ROWS, width),
          workspace.floats("scale", LOGIT_ROWS, 1),
          workspace.floats("gradient", LOGIT_ROWS, width),
          workspace.floats("gradient of the scale", LOGIT_ROWS, 1),
          workspace.floats("losses", LOGIT_ROWS, 1));
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

  LensLoss(Transformer model) {
    this.model = model;
    this.device = model.device();
    this.divergence = new KlDivergence(device, model.unembed(), LOGIT_ROWS);
    this.buffers =
        Workspace.allocate("lens", device, w -> Buffers.declare(w, model.config().dModel()));
  }

  static MemoryPlan plan(MemoryPlan plan, Transformer model) {
    MemoryPlan lens =
        Workspace.plan("lens", model.device(), w -> Buffers.declare(w, model.config().dModel()));
    MemoryPlan logits = KlDivergence.plan(model.device(), model.unembed(), LOGIT_ROWS);
    return plan.and("lens", lens).and("logits", logits);
  }

  /**
   * Returns the sum of the divergences of each hook point, and adds the gradients of their means to
   * the translators'.
   *
   * @param run of the model, with the residual stream at all of the lens' hook points
   */
  SequencedMap<HookPoint, Double> addGradients(TunedLens lens, Activations run) {
    float weight = 1f / run.output().rows();
    return sums(
        lens,
        run,
        (hook, h, rows) -> {
          divergence.gradient(rows.gradient(), rows.hidden(), weight);
          model.finalNorm().ifPresent(norm -> normBackward(norm, rows));
          lens.addGradients(hook, rows.gradient(), h);
        });
  }

  /** Returns the sum of the divergences of each hook point. */
  SequencedMap<HookPoint, Double> sums(TunedLens lens, Activations run) {
    return sums(lens, run, (_, _, _) -> {});
  }

  /** What follows the losses of a few tokens at a hook point. */
  @FunctionalInterface
  private interface Then {
    void of(HookPoint hook, FloatMatrix h, Buffers rows);
  }

  private SequencedMap<HookPoint, Double> sums(TunedLens lens, Activations run, Then then) {
    FloatMatrix output = run.output();
    SequencedMap<HookPoint, Double> sums = new LinkedHashMap<>();
    for (int from = 0; from < output.rows(); from += LOGIT_ROWS) {
      int to = Math.min(from + LOGIT_ROWS, output.rows());
      Buffers rows = buffers.rows(to - from);
      divergence.reference(output.rowRange(from, to));
      for (HookPoint hook : lens.hooks()) {
        FloatMatrix h = run.at(hook).rowRange(from, to);
        sums.merge(hook, sum(rows, lens, hook, h), Double::sum);
        then.of(hook, h, rows);
      }
    }
    return sums;
  }

  private double sum(Buffers rows, TunedLens lens, HookPoint hook, FloatMatrix h) {
    lens.translate(rows.translated(), hook, h);
    model
        .finalNorm()
        .ifPresentOrElse(
            norm -> normForward(norm, rows),
            () -> device.kernels().copy(rows.hidden(), rows.translated()));
    divergence.losses(rows.losses(), rows.hidden());
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
