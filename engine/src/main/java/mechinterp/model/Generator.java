package mechinterp.model;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * Lets a language model go on with a text, token by token, with a {@link KeyValueCache}. Immutable.
 */
public final class Generator {
  private final Transformer model;
  private final Sampling sampling;
  private final RandomStream random;
  private final Set<Integer> stopIds;
  private final Map<HookPoint, Edit> edits;

  private Generator(
      Transformer model,
      Sampling sampling,
      RandomStream random,
      Set<Integer> stopIds,
      Map<HookPoint, Edit> edits) {
    this.model = model;
    this.sampling = sampling;
    this.random = random;
    this.stopIds = Set.copyOf(stopIds);
    this.edits = Map.copyOf(edits);
  }

  /**
   * Returns a generator that always takes the likeliest token, and stops at the tokenizer's end of
   * text where it has one.
   *
   * @throws IllegalArgumentException when the model is an encoder
   */
  public static Generator of(Transformer model) {
    var _ = model.unembed();
    Set<Integer> end =
        model.tokenizer().eos().isPresent() ? Set.of(model.tokenizer().eos().getAsInt()) : Set.of();
    return new Generator(model, Sampling.greedy(), RandomStream.of(0, "generate"), end, Map.of());
  }

  /**
   * Returns a generator that draws tokens.
   *
   * @param numbers of which number i draws token i
   */
  public Generator with(Sampling other, RandomStream numbers) {
    return new Generator(model, other, numbers, stopIds, edits);
  }

  /** Returns a generator that stops at other tokens. */
  public Generator stoppingAt(Set<Integer> ids) {
    return new Generator(model, sampling, random, ids, edits);
  }

  /** Returns a generator that edits activations in every run, those of the prompt included. */
  public Generator with(Map<HookPoint, Edit> others) {
    return new Generator(model, sampling, random, stopIds, others);
  }

  /**
   * Returns the tokens that follow a prompt, up to but without the first stop token.
   *
   * @param prompt its ids, at least one
   * @param maxTokens the most tokens to generate
   * @param onToken told each token as soon as it is known
   * @throws IllegalArgumentException when prompt and new tokens are more than the model takes
   * @throws ArithmeticException when a logit is not a finite number
   */
  public int[] generate(int[] prompt, int maxTokens, IntConsumer onToken) {
    requireRoom(prompt.length, maxTokens);
    int[] generated = new int[maxTokens];
    KeyValueCache cache = model.newCache(1, prompt.length + maxTokens);
    int[] next = prompt;
    for (int i = 0; i < maxTokens; i++) {
      int token = sampling.draw(lastLogits(next, cache), random.uniform(i));
      if (stopIds.contains(token)) {
        return Arrays.copyOf(generated, i);
      }
      generated[i] = token;
      onToken.accept(token);
      next = new int[] {token};
    }
    return generated;
  }

  /** Returns the tokens that follow a prompt. */
  public int[] generate(int[] prompt, int maxTokens) {
    return generate(prompt, maxTokens, _ -> {});
  }

  private void requireRoom(int promptTokens, int maxTokens) {
    int most = model.config().nCtx();
    if (promptTokens < 1 || maxTokens < 0 || (long) promptTokens + maxTokens > most) {
      throw new IllegalArgumentException(
          "generate: %d tokens after a prompt of %d; the prompt must have a token, and %s takes %d together"
              .formatted(maxTokens, promptTokens, model.config().name(), most));
    }
  }

  private float[] lastLogits(int[] tokens, KeyValueCache cache) {
    TokenBatch batch = TokenBatch.ofIds(List.of(tokens));
    FloatMatrix hidden = model.run(batch, Set.of(), edits, cache).output();
    return model.device().toHost(model.logits(hidden.row(tokens.length - 1)));
  }
}
