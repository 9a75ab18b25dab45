package mechinterp.circuits;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;

/**
 * A prompt with one patch.
 *
 * @param item number of what is patched
 * @param what it
 * @param example number of the prompt in the task
 * @param sequence of the prompt in the batch that values come from
 */
record Patch<T>(int item, T what, int example, int sequence) {
  /** How an activation of a patched prompt is changed. */
  interface Change<T> {
    /**
     * Changes it in place.
     *
     * @param rows of the prompt [tokens, width]
     */
    void of(Patch<T> patch, FloatMatrix rows);
  }

  /**
   * Returns each item on each prompt, item by item, in batches of at most so many tokens.
   *
   * @param values the prompts, as the values come from them
   */
  static <T> List<List<Patch<T>>> batches(List<T> items, ExampleBatch values, int maxTokens) {
    return batches(items, values, maxTokens, (_, _) -> true);
  }

  /** Which items are patched in which sequences. */
  @FunctionalInterface
  interface Choice {
    boolean of(int item, int sequence);
  }

  /** Returns the same of those that are chosen. */
  static <T> List<List<Patch<T>>> batches(
      List<T> items, ExampleBatch values, int maxTokens, Choice choice) {
    List<List<Patch<T>>> batches = new ArrayList<>();
    int tokens = maxTokens;
    for (int item = 0; item < items.size(); item++) {
      for (int s = 0; s < values.sequences(); s++) {
        if (!choice.of(item, s)) {
          continue;
        }
        int more = values.tokens().end(s) - values.tokens().start(s);
        if (tokens + more > maxTokens) {
          batches.add(new ArrayList<>());
          tokens = 0;
        }
        tokens += more;
        batches.getLast().add(new Patch<>(item, items.get(item), values.members().get(s), s));
      }
    }
    return batches;
  }

  /**
   * Runs a batch and puts what changed into the effects.
   *
   * @param hook where an item is patched
   */
  static <T> void run(
      TaskRuns runs,
      double[][] effects,
      List<Patch<T>> patches,
      Function<T, HookPoint> hook,
      Change<T> change) {
    ExampleBatch batch = runs.base(patches.stream().map(Patch::example).toList());
    double[] metrics = runs.run(batch, edits(patches, batch, hook, change));
    double[] unpatched = runs.unpatched();
    for (int s = 0; s < metrics.length; s++) {
      Patch<T> patch = patches.get(s);
      effects[patch.item()][patch.example()] = metrics[s] - unpatched[patch.example()];
    }
  }

  private static <T> Map<HookPoint, Edit> edits(
      List<Patch<T>> patches, ExampleBatch batch, Function<T, HookPoint> hook, Change<T> change) {
    Map<HookPoint, List<Integer>> places = new HashMap<>();
    for (int s = 0; s < patches.size(); s++) {
      HookPoint place = hook.apply(patches.get(s).what());
      places.computeIfAbsent(place, _ -> new ArrayList<>()).add(s);
    }
    Map<HookPoint, Edit> edits = new HashMap<>();
    places.forEach((place, sequences) ->
        edits.put(
            place,
            (activation, _) ->
                sequences.forEach(s -> change.of(patches.get(s), batch.rows(activation, s)))));
    return edits;
  }
}
