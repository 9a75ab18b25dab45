package mechinterp.model.bert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.model.Activations;
import mechinterp.model.Agreement;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tokenizer.TinyWordPiece;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class BertTest {
  private static final double TOLERANCE = 2e-5;
  private static final TinyBert WEIGHTS = new TinyBert(1);
  private static final List<int[]> SEQUENCES =
      List.of(
          new int[] {2, 12, 5, 7, 3},
          new int[] {4},
          new int[] {2, 15, 0, 1, 6, 9, 9, 13, 3},
          new int[] {8, 8});

  private final Device device = CpuDevice.scalar();
  private final Transformer model = WEIGHTS.on(device);
  private final TokenBatch batch = TokenBatch.ofIds(SEQUENCES);

  static Stream<HookPoint> hookPoints() {
    return WEIGHTS.on(CpuDevice.scalar()).hookPoints().stream();
  }

  private Set<HookPoint> everywhere() {
    return Set.copyOf(model.hookPoints());
  }

  @Test
  void hookPointsAreThoseOfTransformerLens() {
    List<String> inBlock =
        List.of(
            "hook_resid_pre",
            "attn.hook_q",
            "attn.hook_k",
            "attn.hook_v",
            "attn.hook_attn_scores",
            "attn.hook_pattern",
            "attn.hook_z",
            "attn.hook_result",
            "hook_attn_out",
            "hook_resid_mid",
            "hook_mlp_in",
            "ln1.hook_scale",
            "ln1.hook_normalized",
            "mlp.hook_pre",
            "mlp.hook_post",
            "hook_mlp_out",
            "hook_resid_post",
            "ln2.hook_scale",
            "ln2.hook_normalized",
            "hook_normalized_resid_post");
    List<String> expected =
        new ArrayList<>(
            List.of(
                "embed.hook_embed",
                "embed.hook_pos_embed",
                "embed.hook_token_type_embed",
                "embed.ln.hook_scale",
                "embed.ln.hook_normalized",
                "hook_full_embed"));
    inBlock.forEach(site -> expected.add("blocks.0." + site));
    inBlock.forEach(site -> expected.add("blocks.1." + site));

    assertEquals(expected, model.hookPoints().stream().map(HookPoint::toString).toList());
  }

  @Test
  void everyActivationIsThatOfTheFormulas() throws IOException {
    Activations found = model.run(batch, everywhere(), Map.of());

    new Agreement(TinyBert.CONFIG, Bert.weights(WEIGHTS, TinyBert.CONFIG), device, TOLERANCE)
        .assertAll(found, SEQUENCES, (hook, activation) -> {});
  }

  @Test
  void anEditThatChangesNothingChangesNothing() {
    Activations plain = model.run(batch, everywhere(), Map.of());
    Map<HookPoint, Edit> edits = new HashMap<>();
    everywhere().forEach(point -> edits.put(point, (activation, tokens) -> {}));
    Activations edited = model.run(batch, everywhere(), edits);

    for (HookPoint point : model.hookPoints()) {
      assertArrayEquals(host(plain.at(point)), host(edited.at(point)), point.toString());
    }
    assertArrayEquals(host(plain.output()), host(edited.output()));
  }

  @Test
  void anEditOfOneTokenReachesOnlyItsOwnSequence() {
    HookPoint point = HookPoint.residPre(0);
    int token = batch.start(2) + 1;
    Edit edit =
        (activation, tokens) -> device.kernels().fill(activation.row(tokens.start(2) + 1), 0.25f);
    float[] plain = host(model.run(batch).output());
    float[] edited = host(model.run(batch, Set.of(), Map.of(point, edit)).output());
    int width = model.config().dModel();

    for (int t = 0; t < batch.tokens(); t++) {
      boolean sameSequence = t >= batch.start(2) && t < batch.end(2);
      boolean same =
          Arrays.equals(plain, t * width, (t + 1) * width, edited, t * width, (t + 1) * width);
      assertEquals(!sameSequence, same, "token " + t + ", edited " + token);
    }
  }

  @Test
  void anEditSeesTheTokensAndTheActivation() {
    List<String> seen = new ArrayList<>();
    Edit edit =
        (activation, tokens) ->
            seen.add(activation.shape() + " of " + tokens.sequences() + " sequences");
    model.run(batch, Set.of(), Map.of(HookPoint.parse("blocks.1.mlp.hook_post"), edit));

    assertEquals(List.of("[17, 7] of 4 sequences"), seen);
  }

  @Test
  void anEditMayRunTheModelItself() {
    HookPoint point = HookPoint.residMid(0);
    TokenBatch other = TokenBatch.ofIds(List.of(new int[] {3, 3, 3, 4, 5}));
    Edit edit = (activation, tokens) -> model.run(other);

    assertArrayEquals(
        host(model.run(batch).output()),
        host(model.run(batch, Set.of(), Map.of(point, edit)).output()));
  }

  @Test
  void whatARunReturnedStaysWhenTheModelRunsAgain() {
    Activations first = model.run(batch, everywhere(), Map.of());
    float[] captured = host(first.at(HookPoint.residMid(1)));
    float[] output = host(first.output());
    model.run(TokenBatch.ofIds(List.of(new int[] {9, 9, 9})));

    assertArrayEquals(captured, host(first.at(HookPoint.residMid(1))));
    assertArrayEquals(output, host(first.output()));
  }

  @Test
  void aSequenceHasTheSameBitsAloneAndInABatch() {
    float[] together = host(model.run(batch).output());
    int width = model.config().dModel();
    for (int s = 0; s < batch.sequences(); s++) {
      float[] alone = host(model.run(TokenBatch.ofIds(List.of(SEQUENCES.get(s)))).output());
      assertArrayEquals(
          Arrays.copyOfRange(together, batch.start(s) * width, batch.end(s) * width), alone);
    }
  }

  @ParameterizedTest
  @MethodSource("hookPoints")
  void aCaptureAloneHasTheBitsOfAWholeRun(HookPoint point) {
    Activations whole = model.run(batch, Set.of(point), Map.of());
    Activations part = model.capture(batch, Set.of(point), Map.of());

    assertArrayEquals(host(whole.at(point)), host(part.at(point)));
    assertEquals(
        "activations: a capture has no output; use run",
        Refusal.of(IllegalStateException.class, part::output));
  }

  @Test
  void aCaptureComputesNothingBehindItsLastHookPoint() {
    List<HookPoint> reached = new ArrayList<>();
    Map<HookPoint, Edit> edits = new HashMap<>();
    everywhere().forEach(point -> edits.put(point, (activation, tokens) -> reached.add(point)));
    model.capture(batch, Set.of(HookPoint.residPre(1), HookPoint.residMid(0)), edits);

    assertEquals(HookPoint.residPre(1), reached.getLast());
    reached.clear();
    model.capture(batch, Set.of(), edits);
    assertEquals(List.of(), reached);
  }

  @Test
  void aHookThatDoesNotExistIsRefusedWithTheListOfThoseThatDo() {
    String message =
        "hook blocks.2.hook_resid_pre: tiny has no such hook; it has embed.hook_embed, embed.hook_pos_embed, embed.hook_token_type_embed, embed.ln.hook_scale, embed.ln.hook_normalized, hook_full_embed, and in each of blocks.0 to blocks.1: hook_resid_pre, attn.hook_q, attn.hook_k, attn.hook_v, attn.hook_attn_scores, attn.hook_pattern, attn.hook_z, attn.hook_result, hook_attn_out, hook_resid_mid, hook_mlp_in, ln1.hook_scale, ln1.hook_normalized, mlp.hook_pre, mlp.hook_post, hook_mlp_out, hook_resid_post, ln2.hook_scale, ln2.hook_normalized, hook_normalized_resid_post";
    HookPoint absent = HookPoint.residPre(2);

    assertEquals(
        message,
        Refusal.of(
            IllegalArgumentException.class, () -> model.run(batch, Set.of(absent), Map.of())));
    assertEquals(
        message,
        Refusal.of(
            IllegalArgumentException.class,
            () -> model.capture(batch, Set.of(), Map.of(absent, (activation, tokens) -> {}))));
    assertEquals(message, Refusal.of(IllegalArgumentException.class, () -> model.width(absent)));
  }

  @Test
  void anActivationThatWasNotCapturedIsRefused() {
    Activations found = model.run(batch, Set.of(HookPoint.residPre(1)), Map.of());

    assertEquals(
        "activations: blocks.0.hook_resid_pre was not captured; captured are [blocks.1.hook_resid_pre]",
        Refusal.of(IllegalArgumentException.class, () -> found.at(HookPoint.residPre(0))));
  }

  @Test
  void tokensThatTheModelCannotTakeAreRefused() {
    assertEquals(
        "run: token 1 has id 16; tiny has ids 0 to 15",
        Refusal.of(
            IllegalArgumentException.class,
            () -> model.run(TokenBatch.ofIds(List.of(new int[] {0, 16})))));
    assertEquals(
        "run: sequence 1 has 10 tokens; tiny takes at most 9, cut or split the text",
        Refusal.of(
            IllegalArgumentException.class,
            () -> model.run(TokenBatch.ofIds(List.of(new int[9], new int[10])))));
  }

  @Test
  void anOnnxFileGivesTheSameModel() throws IOException {
    Transformer read = WEIGHTS.throughOnnx(device);

    assertEquals(TinyBert.CONFIG, read.config());
    assertArrayEquals(host(model.run(batch).output()), host(read.run(batch).output()));
  }

  @Test
  void aWeightOfAnotherShapeIsRefused() {
    TransformerConfig other = Bert.config("tiny", 2, 10, 2, 3, 8, 16, 9, 2, 1e-6f);

    assertEquals(
        "tiny weights: tensor \"encoder.layer.0.intermediate.dense.weight\" is [10, 7]; the config makes it [10, 8]",
        Refusal.of(
            FormatException.class,
            () -> Bert.of(other, "tiny", WEIGHTS, TinyWordPiece.tokenizer(), device)));
  }

  @Test
  void aTokenizerWithMoreTokensThanVectorsIsRefused() {
    TransformerConfig fewer = Bert.config("tiny", 2, 10, 2, 3, 7, 15, 9, 2, 1e-6f);

    assertEquals(
        "model tiny: the tokenizer has 16 tokens, the model 15 vectors; the model must have at least as many",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new Transformer(fewer, "tiny", TinyWordPiece.tokenizer(), device, List.of())));
  }

  @Test
  void anEmbeddingIsTheDirectionOfTheMeanToken() {
    FloatMatrix hidden = model.run(batch).output();
    float[] rows = host(hidden);
    float[] pooled = host(SentenceEmbedding.pool(device, hidden, batch));
    int width = model.config().dModel();

    for (int s = 0; s < batch.sequences(); s++) {
      double[] mean = new double[width];
      double norm = 0;
      for (int j = 0; j < width; j++) {
        for (int t = batch.start(s); t < batch.end(s); t++) {
          mean[j] += rows[t * width + j];
        }
        norm += mean[j] * mean[j];
      }
      for (int j = 0; j < width; j++) {
        assertEquals(mean[j] / Math.sqrt(norm), pooled[s * width + j], 1e-6);
      }
    }
  }

  @Test
  void aTextLongerThanTheModelIsEmbeddedByItsBeginning() {
    String text = "a ".repeat(50);
    float[] found = host(SentenceEmbedding.of(model, List.of(text, "a a a a a a a")));
    int width = model.config().dModel();

    assertArrayEquals(Arrays.copyOf(found, width), Arrays.copyOfRange(found, width, 2 * width));
  }

  @Test
  void memoryIsPlannedForTheTokensOfARun() {
    assertEquals(4L * 100 * (3 * 10 + 1 + 4 * 6 + 7), model.memoryPlan(100).total());
  }

  @Test
  void anEditThatFailsLeavesTheModelUsable() {
    float[] before = host(model.run(batch).output());
    Edit failing =
        (activation, tokens) -> {
          throw new IllegalStateException("stop");
        };

    assertThrows(
        IllegalStateException.class,
        () -> model.run(batch, Set.of(), Map.of(HookPoint.residMid(0), failing)));
    assertArrayEquals(before, host(model.run(batch).output()));
  }

  private float[] host(FloatMatrix matrix) {
    return device.toHost(matrix);
  }
}
