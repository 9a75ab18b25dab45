package mechinterp.sae.objective;

import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** The choice of TopK: the k largest positive pre-activations of each token. */
final class TopKChoice implements LatentChoice {
  private final TopKSae sae;
  private final KSchedule schedule;
  private int k;

  TopKChoice(TopKSae sae, KSchedule schedule) {
    this.sae = sae;
    this.schedule = schedule;
    this.k = schedule.first();
  }

  @Override
  public int mostActive() {
    return schedule.first();
  }

  @Override
  public void beginStep(int step) {
    k = schedule.at(step);
  }

  @Override
  public void choose(SparseCodes codes, FloatMatrix inputs) {
    sae.encodePrepared(codes, inputs, k);
  }
}
