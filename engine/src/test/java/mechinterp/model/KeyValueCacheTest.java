package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class KeyValueCacheTest {
  private static final float TOLERANCE = 1e-5f;
  private static final int[] FIRST = {2, 12, 5, 7, 3, 1, 0, 9};
  private static final int[] SECOND = {4, 4, 15};

  private final Device device = CpuDevice.scalar();

  private static TokenBatch batch(int[]... sequences) {
    return TokenBatch.ofIds(List.of(sequences));
  }

  private float[] host(FloatMatrix matrix) {
    return device.toHost(matrix);
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void tokenByTokenTheLogitsAreThoseOfTheWholeText(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    FloatMatrix whole = model.logits(model.run(batch(FIRST)).output());
    KeyValueCache cache = model.newCache(1, FIRST.length);
    for (int t = 0; t < FIRST.length; t++) {
      TokenBatch token = batch(new int[] {FIRST[t]});
      FloatMatrix logits = model.logits(model.run(token, Set.of(), Map.of(), cache).output());

      assertArrayEquals(host(whole.row(t)), host(logits), TOLERANCE, "token " + t);
      assertEquals(t + 1, cache.length(0));
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void sequencesOfDifferentLengthsGoOnInPieces(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    FloatMatrix whole = model.run(batch(FIRST, SECOND)).output();
    KeyValueCache cache = model.newCache(2, 10);
    run(model, cache, Arrays.copyOf(FIRST, 5), Arrays.copyOf(SECOND, 1));
    FloatMatrix rest =
        run(model, cache, Arrays.copyOfRange(FIRST, 5, 8), Arrays.copyOfRange(SECOND, 1, 3));

    assertArrayEquals(host(whole.rowRange(5, 8)), host(rest.rowRange(0, 3)), TOLERANCE);
    assertArrayEquals(host(whole.rowRange(9, 11)), host(rest.rowRange(3, 5)), TOLERANCE);
    assertEquals(8, cache.length(0));
    assertEquals(3, cache.length(1));
  }

  private static FloatMatrix run(Transformer model, KeyValueCache cache, int[]... sequences) {
    return model.run(batch(sequences), Set.of(), Map.of(), cache).output();
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void patternsReachBackIntoTheCache(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    HookPoint point = HookPoint.parse("blocks.0.attn.hook_pattern");
    FloatMatrix whole = model.capture(batch(FIRST), Set.of(point), Map.of()).at(point);
    KeyValueCache cache = model.newCache(1, FIRST.length);
    run(model, cache, Arrays.copyOf(FIRST, 6));
    FloatMatrix rest =
        model.run(batch(Arrays.copyOfRange(FIRST, 6, 8)), Set.of(point), Map.of(), cache).at(point);

    assertArrayEquals(host(whole.rowRange(6, 8)), host(rest), TOLERANCE);
  }

  @Test
  void aCacheThatIsCutGoesOnAnotherWay() {
    Transformer model = TinyModels.frozen(TinyModels.LLAMA, device);
    KeyValueCache cache = model.newCache(1, 9);
    run(model, cache, FIRST);
    cache.truncate(0, 2);
    float[] found = host(run(model, cache, new int[] {11, 6}));
    FloatMatrix whole = model.run(batch(new int[] {2, 12, 11, 6})).output();

    assertArrayEquals(host(whole.rowRange(2, 4)), found, TOLERANCE);
    assertEquals(
        "cache: sequence 0 holds 4 tokens; it cannot be cut to 5",
        Refusal.of(IllegalArgumentException.class, () -> cache.truncate(0, 5)));
    cache.clear();
    assertEquals(0, cache.length(0));
  }

  @Test
  void aRunThatFailsAddsNothing() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    KeyValueCache cache = model.newCache(1, 12);
    run(model, cache, SECOND);
    Edit failing =
        (x, tokens) -> {
          throw new IllegalStateException("stop");
        };

    Refusal.of(
        IllegalStateException.class,
        () -> model.run(batch(FIRST), Set.of(), Map.of(HookPoint.residMid(1), failing), cache));
    assertEquals(3, cache.length(0));
    FloatMatrix whole = model.run(batch(new int[] {4, 4, 15, 6})).output();
    assertArrayEquals(host(whole.row(3)), host(run(model, cache, new int[] {6})), TOLERANCE);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    KeyValueCache cache = model.newCache(1, 4);
    run(model, cache, SECOND);

    assertEquals(
        "run: sequence 0 has 3 tokens in the cache and 2 new ones; the cache takes 4",
        refusal(model, cache, new int[] {1, 2}));
    assertEquals(
        "run: the batch has 2 sequences, the cache 1; they must be equal",
        refusal(model, cache, new int[] {1}, new int[] {2}));
    assertEquals(
        "run: the cache is of llama; it must be of gpt2",
        refusal(model, TinyModels.frozen(TinyModels.LLAMA, device).newCache(1, 4), new int[] {1}));
    assertEquals(
        "cache: 1 sequences of 13 tokens; gpt2 takes 1 to 12 tokens, and there must be a sequence",
        Refusal.of(IllegalArgumentException.class, () -> model.newCache(1, 13)));
  }

  private static String refusal(Transformer model, KeyValueCache cache, int[]... sequences) {
    return Refusal.of(IllegalArgumentException.class, () -> run(model, cache, sequences));
  }

  @Test
  void memoryIsPlanned() {
    Transformer model = TinyModels.frozen(TinyModels.LLAMA, device);

    assertEquals(4L * 2 * 2 * 3 * 10 * 8, model.cachePlan(3, 10).total());
  }
}
