package mechinterp.circuits.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.metrics.TextRows;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Direct effects of all sources on targets: with g the gradient of a target's pre-activation
 * through attention patterns, norms and MLPs that are held fixed,
 *
 * <pre>
 *   latent i of layer s at p   f_i,p sum over t of W_dec_i,t . g(output of MLP t, p)
 *   error of layer s at p      error_s,p . g(output of MLP s, p)
 *   token at p                 embedding_p . g(hook_embed, p)
 * </pre>
 *
 * Several targets go back at once, each in a copy of the prompt.
 */
final class DirectEffects implements AutoCloseable {
  private static final int MOST_COPIES = 512;

  private final LocalReplacementModel local;
  private final Transformer model;
  private final Sources sources;
  private final int copies;
  private final GradientRun run;

  /**
   * Runs copies of the prompt.
   *
   * @param maxTokens the most tokens of all copies; there is one copy at least
   */
  DirectEffects(LocalReplacementModel local, Sources sources, int maxTokens) {
    this.local = local;
    this.model = local.model();
    this.sources = sources;
    this.copies = copies(local.tokens(), maxTokens);
    this.run = model.runForGradients(TokenBatch.ofIds(Collections.nCopies(copies, local.ids())));
  }

  /** Returns how many targets go back at once. */
  static int copies(int tokens, int maxTokens) {
    return Math.clamp(maxTokens / tokens, 1, MOST_COPIES);
  }

  int copies() {
    return copies;
  }

  /**
   * Returns a row of effects of all sources for each target.
   *
   * @param targets at most {@link #copies} latents or logits
   */
  float[][] of(List<GraphNode> targets) {
    Batch batch = new Batch(targets);
    Activations gradients =
        run.backward(
            batch.ofHidden(), Set.of(LocalReplacementModel.EMBEDDING), batch.gradientEdits());
    batch.putTokens(gradients.at(LocalReplacementModel.EMBEDDING));
    return batch.rows;
  }

  @Override
  public void close() {
    run.close();
  }

  private Device device() {
    return model.device();
  }

  private Kernels kernels() {
    return model.device().kernels();
  }

  /** Targets that go back together. */
  private final class Batch {
    private final List<GraphNode> targets;
    private final float[][] rows;
    private final Map<Integer, FloatMatrix> skipped = new LinkedHashMap<>();

    Batch(List<GraphNode> targets) {
      this.targets = targets;
      this.rows = new float[targets.size()][sources.size()];
    }

    /** Returns the gradients of logits with respect to the final hidden state. */
    FloatMatrix ofHidden() {
      FloatMatrix gradient = device().floats(copies * local.tokens(), model.config().dModel());
      int vocabulary = model.unembed().vocabulary();
      for (int b = 0; b < targets.size(); b++) {
        if (targets.get(b) instanceof GraphNode.Logit logit) {
          FloatMatrix direction = device().floats(1, vocabulary);
          kernels().fill(direction, -1f / vocabulary);
          FloatMatrix own = direction.columnRange(logit.id(), logit.id() + 1);
          kernels().fill(own, 1 - 1f / vocabulary);
          model.unembed().uncappedBackward(gradient.row(row(b)), direction);
        }
      }
      return gradient;
    }

    private int row(int b) {
      return b * local.tokens() + targets.get(b).position();
    }

    Map<HookPoint, Edit> gradientEdits() {
      Map<HookPoint, Edit> edits = new LinkedHashMap<>();
      for (HookPoint frozen : local.frozenHooks()) {
        edits.put(frozen, (gradient, _) -> kernels().fill(gradient, 0));
      }
      for (int l = 0; l < local.transcoders().layers(); l++) {
        int layer = l;
        edits.put(HookPoint.mlpOut(layer), (gradient, _) -> take(layer, gradient));
        local
            .transcoders()
            .layer(layer)
            .ifPresent(latents ->
                edits.put(latents.input(), (gradient, _) -> inject(layer, latents, gradient)));
      }
      return edits;
    }

    /** Takes what arrives at a layer's output; it goes on along the skip connection alone. */
    private void take(int layer, FloatMatrix gradient) {
      for (int b = 0; b < targets.size(); b++) {
        if (isBehind(targets.get(b), layer)) {
          put(b, layer, ofCopy(gradient, b));
        }
      }
      local
          .transcoders()
          .layer(layer)
          .flatMap(TranscoderSet.Layer::skip)
          .ifPresent(skip -> skipped.put(layer, throughSkip(gradient, skip)));
      kernels().fill(gradient, 0);
    }

    private static boolean isBehind(GraphNode target, int layer) {
      return !(target instanceof GraphNode.Latent latent) || latent.layer() > layer;
    }

    private FloatMatrix ofCopy(FloatMatrix gradient, int b) {
      return gradient.rowRange(b * local.tokens(), (b + 1) * local.tokens());
    }

    private FloatMatrix throughSkip(FloatMatrix gradient, FloatMatrix skip) {
      FloatMatrix before = device().floats(gradient.rows(), skip.cols());
      for (int b = 0; b < targets.size(); b++) {
        for (TextRows rows : local.text()) {
          kernels()
              .matmul(
                  ofCopy(before, b).rowRange(rows.from(), rows.to()),
                  ofCopy(gradient, b).rowRange(rows.from(), rows.to()),
                  Operand.AS_IS,
                  skip,
                  Operand.AS_IS,
                  Write.SET);
        }
      }
      return before;
    }

    private void put(int b, int layer, FloatMatrix gradient) {
      float[] row = rows[b];
      FloatMatrix dots = device().floats(local.tokens(), 1);
      kernels().rowDots(dots, gradient, local.state(layer).error());
      device().download(row, sources.error(layer, 0), dots);
      for (int source = 0; source <= layer; source++) {
        Optional<FloatMatrix> decoder = local.transcoders().decoder(source, layer);
        Optional<SparseCodes> codes = local.state(source).codes();
        if (decoder.isPresent() && codes.isPresent()) {
          FloatMatrix slots = device().floats(codes.get().rows(), codes.get().capacity());
          kernels().codeGradients(slots, codes.get(), gradient, decoder.get());
          sources.addLatents(row, source, device().toHost(slots), codes.get().capacity());
        }
      }
    }

    private void inject(int layer, TranscoderSet.Layer latents, FloatMatrix gradient) {
      Optional.ofNullable(skipped.remove(layer))
          .ifPresent(before -> kernels().add(gradient, gradient, before));
      for (int b = 0; b < targets.size(); b++) {
        if (targets.get(b) instanceof GraphNode.Latent latent && latent.layer() == layer) {
          FloatMatrix own = gradient.row(row(b));
          kernels().add(own, own, latents.sae().weights().wEnc().row(latent.latent()));
        }
      }
    }

    void putTokens(FloatMatrix gradient) {
      FloatMatrix dots = device().floats(local.tokens(), 1);
      for (int b = 0; b < targets.size(); b++) {
        kernels().rowDots(dots, ofCopy(gradient, b), local.embeddings());
        device().download(rows[b], sources.token(0), dots);
      }
    }
  }
}
