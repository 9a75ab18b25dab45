package mechinterp.experiments.run;

import mechinterp.activation.ActivationStore;
import mechinterp.experiments.console.Progress;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;

/** Goes through a store with an evaluator. */
public final class Evaluation {
  private static final int BATCH = 1024;

  /** Room for codes of all latents of a batch: any number of them may be active. */
  private static final long MOST_CODES = 1 << 24;

  private Evaluation() {}

  /**
   * Measures all activations of a store.
   *
   * @param sae for activations as the model makes them
   */
  public static SaeEvaluator of(Sae sae, ActivationStore store, Progress.Display display) {
    int batch = Math.min(BATCH, store.tokens());
    return run(new SaeEvaluator(sae, batch), batch, store, display);
  }

  /**
   * Measures all activations of a store.
   *
   * @param transcoder for activations as the model makes them
   */
  public static SaeEvaluator of(
      CrossLayerTranscoder transcoder, ActivationStore store, Progress.Display display) {
    int batch = batch(transcoder, store);
    return run(new SaeEvaluator(transcoder, batch), batch, store, display);
  }

  /** Returns how many tokens are encoded at once. */
  public static int batch(CrossLayerTranscoder transcoder, ActivationStore store) {
    long latents = (long) transcoder.config().layers() * transcoder.config().dSae();
    return Math.clamp(MOST_CODES / latents, 1, Math.min(BATCH, store.tokens()));
  }

  private static SaeEvaluator run(
      SaeEvaluator evaluator, int batch, ActivationStore store, Progress.Display display) {
    float[] rows = new float[Math.multiplyExact(batch, store.dIn())];
    try (Progress progress = display.start("evaluate", store.tokens(), "tokens")) {
      for (int first = 0; first < store.tokens(); first += batch) {
        int count = Math.min(batch, store.tokens() - first);
        store.read(first, count, rows, 0);
        evaluator.add(rows, count);
        progress.update(first + count);
      }
    }
    return evaluator;
  }
}
