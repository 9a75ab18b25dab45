package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tokenizer.TinyWordPiece;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every recipe, held against the formulas. */
final class TransformerTest {
  private static final double TOLERANCE = 2e-5;
  private static final List<int[]> SEQUENCES =
      List.of(
          new int[] {2, 12, 5, 7, 3},
          new int[] {4},
          new int[] {2, 15, 0, 1, 6, 9, 9, 13, 3},
          new int[] {8, 8});

  private final Device device = CpuDevice.scalar();
  private final TokenBatch batch = TokenBatch.ofIds(SEQUENCES);

  private static Agreement agreement(TransformerConfig config, Device device) {
    return new Agreement(config, new RandomWeights(config, 1), device, TOLERANCE);
  }

  private static Set<HookPoint> everywhere(Transformer model) {
    return Set.copyOf(model.hookPoints());
  }

  private float[] host(FloatMatrix matrix) {
    return device.toHost(matrix);
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void everyActivationIsThatOfTheFormulas(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    Activations found = model.run(batch, everywhere(model), Map.of());

    agreement(config, device).assertAll(found, SEQUENCES, (hook, activation) -> {});
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aRunWithoutCapturesMakesTheSameOutput(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    Activations found = model.run(batch);

    for (int s = 0; s < batch.sequences(); s++) {
      double[][] expected =
          NaiveTransformer.run(
                  config, new RandomWeights(config, 1), SEQUENCES.get(s), (hook, x) -> {})
              .getOrDefault("output", new double[0][]);
      FloatMatrix rows = found.output().rowRange(batch.start(s), batch.end(s));
      agreement(config, device).assertRows("output", expected, rows);
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void vectorKernelsOnTwoThreadsAgreeToo(TransformerConfig config) {
    try (Device two = CpuDevice.vector(2)) {
      Transformer model = TinyModels.frozen(config, two);
      Activations found = model.run(batch, everywhere(model), Map.of());

      agreement(config, two).assertAll(found, SEQUENCES, (hook, activation) -> {});
    }
  }

  /** What nobody looks at is not stored; head results and patterns are sums in another order. */
  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void capturesDoNotChangeTheBitsOfTheOutput(TransformerConfig config) {
    try (Device two = CpuDevice.vector(2)) {
      Transformer model = TinyModels.frozen(config, two);
      float[] plain = two.toHost(model.run(batch).output());
      for (HookPoint point : model.hookPoints()) {
        if (!point.site().matches("attn.hook_(result|attn_scores|pattern)")) {
          Activations seen = model.run(batch, Set.of(point), Map.of());
          assertArrayEquals(plain, two.toHost(seen.output()), point.toString());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void anEditChangesExactlyWhatFollows(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    Activations plain = model.run(batch, everywhere(model), Map.of());
    for (HookPoint point : model.hookPoints()) {
      Activations edited =
          model.run(batch, everywhere(model), Map.of(point, Agreement.halved(device)));
      for (HookPoint before : model.hookPoints()) {
        if (before.equals(point)) {
          break;
        }
        assertArrayEquals(host(plain.at(before)), host(edited.at(before)), before.toString());
      }
      assertFalse(Arrays.equals(host(plain.output()), host(edited.output())), point.toString());
      agreement(config, device)
          .assertAll(
              edited,
              SEQUENCES,
              (hook, activation) -> {
                if (hook.equals(point.toString())) {
                  Agreement.halve(activation);
                }
              });
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void anEditAloneReachesTheOutput(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    for (HookPoint point : model.hookPoints()) {
      Edit edit = Agreement.halved(device);
      float[] alone = host(model.run(batch, Set.of(), Map.of(point, edit)).output());
      float[] seen = host(model.run(batch, everywhere(model), Map.of(point, edit)).output());

      assertArrayEquals(seen, alone, 1e-4f, point.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aCaptureAloneHasTheBitsOfAWholeRun(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    for (HookPoint point : model.hookPoints()) {
      Activations whole = model.run(batch, Set.of(point), Map.of());
      Activations part = model.capture(batch, Set.of(point), Map.of());

      assertArrayEquals(host(whole.at(point)), host(part.at(point)), point.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aSequenceHasTheSameBitsAloneAndInABatch(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    FloatMatrix together = model.run(batch).output();
    for (int s = 0; s < batch.sequences(); s++) {
      float[] alone = host(model.run(TokenBatch.ofIds(List.of(SEQUENCES.get(s)))).output());

      assertArrayEquals(host(together.rowRange(batch.start(s), batch.end(s))), alone);
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void widthsAreThoseOfTheActivations(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    Activations found = model.run(batch, everywhere(model), Map.of());
    for (HookPoint point : model.hookPoints()) {
      assertEquals(batch.tokens(), found.at(point).rows(), point.toString());
      if (point.site().endsWith("hook_pattern") || point.site().endsWith("hook_attn_scores")) {
        assertEquals(config.nHeads() * 9, found.at(point).cols(), point.toString());
      } else {
        assertEquals(model.width(point), found.at(point).cols(), point.toString());
      }
    }
  }

  @Test
  void aPatternHasNoFixedWidth() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);

    assertEquals(
        "hook blocks.1.attn.hook_pattern: it has a column for each head and key of the batch, no"
            + " fixed number; choose another",
        Refusal.of(
            IllegalArgumentException.class,
            () -> model.width(HookPoint.parse("blocks.1.attn.hook_pattern"))));
  }

  @Test
  void patternsAreZeroBeyondTheKeysOfTheirSequence() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    HookPoint point = HookPoint.parse("blocks.0.attn.hook_pattern");
    float[] pattern = host(model.capture(batch, Set.of(point), Map.of()).at(point));

    assertArrayEquals(
        new float[] {1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
        Arrays.copyOfRange(pattern, 5 * 18, 6 * 18));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void logitsAreThoseOfTheFormulas(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    FloatMatrix logits = model.logits(model.run(batch).output());
    for (int s = 0; s < batch.sequences(); s++) {
      double[][] expected =
          NaiveTransformer.run(
                  config, new RandomWeights(config, 1), SEQUENCES.get(s), (hook, x) -> {})
              .getOrDefault("logits", new double[0][]);

      agreement(config, device)
          .assertRows("logits", expected, logits.rowRange(batch.start(s), batch.end(s)));
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void aTokenSeesNothingThatComesAfterIt(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    FloatMatrix one = model.run(TokenBatch.ofIds(List.of(new int[] {3, 1, 4, 1, 5}))).output();
    FloatMatrix other = model.run(TokenBatch.ofIds(List.of(new int[] {3, 1, 4, 7, 7}))).output();

    assertArrayEquals(host(one.rowRange(0, 3)), host(other.rowRange(0, 3)));
    assertFalse(Arrays.equals(host(one.row(3)), host(other.row(3))));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void hookPointsComeInTheOrderOfComputation(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    List<HookPoint> reached = new ArrayList<>();
    Map<HookPoint, Edit> edits = new HashMap<>();
    model.hookPoints().forEach(point -> edits.put(point, (x, tokens) -> reached.add(point)));
    model.run(batch, Set.of(), edits);

    assertEquals(List.copyOf(model.hookPoints()), reached);
  }

  @Test
  void gemmaHasTheseHookPoints() {
    Transformer model = TinyModels.frozen(TinyModels.GEMMA3, device);

    assertEquals(
        """
        hook_embed
        blocks.0.hook_resid_pre
        blocks.0.ln1.hook_scale
        blocks.0.ln1.hook_normalized
        blocks.0.hook_q_input
        blocks.0.attn.hook_q
        blocks.0.attn.q_norm.hook_scale
        blocks.0.attn.q_norm.hook_normalized
        blocks.0.attn.hook_rot_q
        blocks.0.hook_k_input
        blocks.0.attn.hook_k
        blocks.0.attn.k_norm.hook_scale
        blocks.0.attn.k_norm.hook_normalized
        blocks.0.attn.hook_rot_k
        blocks.0.hook_v_input
        blocks.0.attn.hook_v
        blocks.0.attn.hook_attn_scores
        blocks.0.attn.hook_pattern
        blocks.0.attn.hook_z
        blocks.0.attn.hook_result
        blocks.0.ln1_post.hook_scale
        blocks.0.ln1_post.hook_normalized
        blocks.0.hook_attn_out
        blocks.0.hook_resid_mid
        blocks.0.hook_mlp_in
        blocks.0.ln2.hook_scale
        blocks.0.ln2.hook_normalized
        blocks.0.mlp.hook_pre
        blocks.0.mlp.hook_pre_linear
        blocks.0.mlp.hook_post
        blocks.0.ln2_post.hook_scale
        blocks.0.ln2_post.hook_normalized
        blocks.0.hook_mlp_out
        blocks.0.hook_resid_post
        """,
        String.join("\n", model.hookPoints().stream().limit(34).map(HookPoint::toString).toList())
            + "\n");
    assertEquals("ln_final.hook_normalized", model.hookPoints().getLast().toString());
  }

  @Test
  void anEncoderMakesNoLogitsAndHasNoCache() {
    Transformer model = TinyModels.frozen(TinyModels.BERT, device);

    assertEquals(
        "logits: bert has no unembedding; it must be a language model",
        Refusal.of(IllegalArgumentException.class, () -> model.logits(device.floats(1, 6))));
    assertEquals(
        "cache: attention of bert sees later tokens too; a cache is for causal models",
        Refusal.of(IllegalArgumentException.class, () -> model.newCache(1, 4)));
  }

  @Test
  void weightsMustBeExactlyThoseOfTheConfig() {
    TransformerConfig config = TinyModels.LLAMA;

    assertEquals(
        "random weights: no weight blocks.1.attn.W_K; expected it with shape [9, 8]",
        refusal(config, new RandomWeights(config, 1).without("blocks.1.attn.W_K")));
    assertEquals(
        "random weights: has blocks.1.attn.b_K; llama has no such weight",
        refusal(config, new RandomWeights(config, 1).with("blocks.1.attn.b_K", List.of(8))));
    assertEquals(
        "random weights: ln_final.w has shape [10]; expected [9]",
        refusal(config, new RandomWeights(config, 1).with("ln_final.w", List.of(10))));
  }

  @Test
  void weightsMustBeFiniteNumbers() {
    TransformerConfig config = TinyModels.LLAMA;

    assertEquals(
        "random weights: tensor \"blocks.1.mlp.W_out\" holds NaN; weights must be finite numbers",
        refusal(config, new RandomWeights(config, 1).with("blocks.1.mlp.W_out", Float.NaN)));
    assertEquals(
        "random weights: tensor \"ln_final.w\" holds -Infinity; weights must be finite numbers",
        refusal(config, new RandomWeights(config, 1).with("ln_final.w", Float.NEGATIVE_INFINITY)));
  }

  private String refusal(TransformerConfig config, Weights weights) {
    return Refusal.of(
        FormatException.class,
        () ->
            TransformerBuilder.build(
                config, "tiny", weights, TinyWordPiece.tokenizer(), device, LoadOptions.frozen()));
  }

  @Test
  void memoryOfARunDoesNotGrowWithTheLayers() {
    Transformer model = TinyModels.frozen(TinyModels.LLAMA, device);
    int perToken = 9 + 9 + 9 + 24 + 8 + 8 + 24 + 11 + 11 + 1;

    assertEquals(4L * 100 * perToken, model.memoryPlan(100).total());
  }

  @Test
  void aTiedEmbeddingIsHeldOnceUnlessItIsTrained() {
    MemoryPlan frozen = TransformerBuilder.plan(TinyModels.GPT2, device, LoadOptions.frozen());
    MemoryPlan trained = TransformerBuilder.plan(TinyModels.GPT2, device, new LoadOptions(true));
    long packed = device.kernels().packedBytes(10, 19);

    assertEquals(packed, frozen.bytes().get("embed.W_E"));
    assertEquals(packed + 8 * 190, trained.bytes().get("embed.W_E"));
  }
}
