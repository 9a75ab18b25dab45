package mechinterp.experiments.run;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import mechinterp.device.MemoryPlan;
import mechinterp.model.LoadOptions;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;

/**
 * Runs a language model on random ids and measures the time. What a phase needs is loaded and
 * allocated when it is first asked for, outside the measured time.
 */
public final class ModelBenchmark {
  private static final double NANOS = 1e9;

  private final Loader loader;
  private final Sizes sizes;
  private final Map<Boolean, ModelRounds> byTrainable = new HashMap<>();

  /** What is measured. */
  public enum Phase {
    /** From the embedding to the final norm. */
    TRUNK,
    /** The same, and the logits of all tokens. */
    LOGITS,
    /** Logits, cross-entropy of the next token and backward to the first block's input. */
    GRADIENTS,
    /** The same with the gradients of all weights, set to 0 before. */
    TRAINING;

    boolean hasGradients() {
      return this == GRADIENTS || this == TRAINING;
    }
  }

  /**
   * How large batches are.
   *
   * @param sequences of a batch without gradients
   * @param gradientSequences of a batch with gradients
   * @param tokens of a sequence
   */
  public record Sizes(int sequences, int gradientSequences, int tokens) {
    int sequences(Phase phase) {
      return phase.hasGradients() ? gradientSequences : sequences;
    }
  }

  /** Loads the model that is measured. */
  public interface Loader {
    /**
     * Loads it.
     *
     * @throws IOException when it cannot be read
     */
    Transformer load(LoadOptions options) throws IOException;
  }

  /** Prepares the measuring of a model; nothing is loaded yet. */
  public ModelBenchmark(Loader loader, Sizes sizes) {
    this.loader = loader;
    this.sizes = sizes;
  }

  /** Returns the tokens of a batch. */
  public int tokens(Phase phase) {
    return sizes.sequences(phase) * sizes.tokens();
  }

  /**
   * Does the work of a phase once and returns how long it took, in seconds.
   *
   * @throws IOException when the model cannot be loaded
   * @throws IllegalArgumentException when the model has no logits or takes fewer tokens
   */
  public double seconds(Phase phase) throws IOException {
    ModelRounds rounds = rounds(phase);
    TokenBatch batch = rounds.randomBatch(sizes.sequences(phase), sizes.tokens());
    long start = System.nanoTime();
    switch (phase) {
      case TRUNK -> rounds.trunk(batch);
      case LOGITS -> rounds.logits(batch);
      case GRADIENTS -> rounds.gradients(batch);
      case TRAINING -> rounds.training(batch);
    }
    return (System.nanoTime() - start) / NANOS;
  }

  /**
   * Returns the memory that was planned for a phase: weights, workspace, logits.
   *
   * @throws IOException when the model cannot be loaded
   */
  public MemoryPlan plan(Phase phase) throws IOException {
    return rounds(phase).plan(phase, tokens(phase));
  }

  /**
   * Returns the model's name and hash.
   *
   * @throws IOException when the model cannot be loaded
   */
  public String identity(Phase phase) throws IOException {
    return rounds(phase).identity();
  }

  private ModelRounds rounds(Phase phase) throws IOException {
    boolean trainable = phase == Phase.TRAINING;
    ModelRounds rounds = byTrainable.get(trainable);
    if (rounds == null) {
      LoadOptions options = trainable ? LoadOptions.training() : LoadOptions.frozen();
      rounds = new ModelRounds(loader.load(options), options);
      byTrainable.put(trainable, rounds);
    }
    return rounds;
  }
}
