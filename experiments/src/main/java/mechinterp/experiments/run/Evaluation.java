package mechinterp.experiments.run;

import mechinterp.activation.ActivationStore;
import mechinterp.experiments.console.Progress;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.sae.Sae;

/** Goes through a store with an evaluator. */
public final class Evaluation {
  private static final int BATCH = 1024;

  private Evaluation() {}

  /**
   * Measures all activations of a store.
   *
   * @param sae for activations as the model makes them
   */
  public static SaeEvaluator of(Sae sae, ActivationStore store, Progress.Display display) {
    int batch = Math.min(BATCH, store.tokens());
    SaeEvaluator evaluator = new SaeEvaluator(sae, batch);
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
