package mechinterp.experiments.console;

import mechinterp.model.LoadListener;
import mechinterp.model.LoadPlan;

/** Shows how a model is fetched and how much memory it takes. */
public final class LoadProgress implements LoadListener {
  private final Progress.Display display;
  private final Check check;

  /** What a command has against a model. */
  @FunctionalInterface
  public interface Check {
    /** Throws when the model will not do. */
    void of(LoadPlan plan);
  }

  /** Shows on a display. */
  public LoadProgress(Progress.Display display) {
    this(display, _ -> {});
  }

  /** Shows on a display what passes a check. */
  public LoadProgress(Progress.Display display, Check check) {
    this.display = display;
    this.check = check;
  }

  @Override
  public void planned(LoadPlan plan) {
    check.of(plan);
    display.note(plan.memory().toString());
  }

  @Override
  public void note(String message) {
    display.note(message);
  }
}
