package mechinterp.model.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.KeyValueCache;
import mechinterp.model.Models;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What must not change a model's numbers: the age of its config, the batch, padding, a cache. */
class GoldenBehaviourTest {
  private static final double NEARLY = 1e-5;

  /** Twice what a difference from the reference may be. */
  private static final double VISIBLE = 2e-5;

  @TempDir private Path folder;

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void closeDevice() {
    device.close();
  }

  static Stream<GoldenModel> everyModel() {
    return GoldenModel.all().stream();
  }

  static Stream<GoldenModel> withOldConfig() {
    return everyModel().filter(GoldenModel::hasOldConfig);
  }

  static Stream<GoldenModel> languageModels() {
    return everyModel().filter(model -> !model.isEncoder());
  }

  /** A golden file that does not show a field's value would not prove that the field is read. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gpt2          | "activation_function": "gelu_new" | "activation_function": "gelu"
          gpt2          | "layer_norm_epsilon": 0.001   | "layer_norm_epsilon": 0.0011
          neox-parallel | "partial_rotary_factor": 0.25 | "partial_rotary_factor": 0.5
          neox-parallel | "use_parallel_residual": true | "use_parallel_residual": false
          neox-parallel | "layer_norm_eps": 0.001       | "layer_norm_eps": 0.00101
          llama-tied    | "rms_norm_eps": 0.001         | "rms_norm_eps": 0.00101
          llama-tied    | "rope_theta": 10000.0         | "rope_theta": 9000.0
          llama-linear  | "factor": 4.0                 | "factor": 4.1
          llama-llama3  | "factor": 8.0                 | "factor": 8.1
          llama-llama3  | "low_freq_factor": 1.0        | "low_freq_factor": 1.1
          llama-llama3  | "high_freq_factor": 4.0       | "high_freq_factor": 4.1
          mistral       | "sliding_window": 4           | "sliding_window": 5
          qwen2-window  | "sliding_window": 4           | "sliding_window": 3
          gemma2        | "sliding_window": 4           | "sliding_window": 5
          gemma2        | "query_pre_attn_scalar": 10   | "query_pre_attn_scalar": 11
          gemma2        | "attn_logit_softcapping": 4.0 | "attn_logit_softcapping": 4.1
          gemma3        | "query_pre_attn_scalar": 12   | "query_pre_attn_scalar": 11
          gemma3        | "factor": 8.0                 | "factor": 7.0
          gemma3        | "rope_theta": 10000.0         | "rope_theta": 9000.0
          gemma3        | "rope_theta": 1000000.0       | "rope_theta": 900000.0
          """)
  void theGoldenFilesShowWhetherAFieldIsRead(String name, String field, String other)
      throws IOException {
    GoldenModel golden = GoldenModel.named(name);
    copyTo(folder, golden);
    Path config = folder.resolve("config.json");
    String text = Files.readString(config);
    Files.writeString(config, text.replace(field, other));
    TokenBatch batch = TokenBatch.ofIds(golden.sequences());

    float[] found = hidden(Models.load(folder.toString(), device), batch);

    float[] expected = hidden(load(golden), batch);
    assertTrue(
        largestDifference(expected, found) > VISIBLE * largest(expected),
        () -> name + " hardly depends on " + field);
  }

  @ParameterizedTest
  @MethodSource("withOldConfig")
  void theOldFormOfAConfigMeansTheSame(GoldenModel golden) throws IOException {
    copyTo(folder, golden);
    Files.delete(folder.resolve("config.json"));
    Files.move(folder.resolve("config-old.json"), folder.resolve("config.json"));
    TokenBatch batch = TokenBatch.ofIds(golden.sequences());

    Transformer old = Models.load(folder.toString(), device);

    Transformer model = load(golden);
    assertEquals(model.config(), old.config().withName(model.config().name()));
    assertArrayEquals(hidden(model, batch), hidden(old, batch));
  }

  @ParameterizedTest
  @MethodSource("everyModel")
  void sequencesOfABatchDoNotSeeEachOther(GoldenModel golden) throws IOException {
    Transformer model = load(golden);
    List<int[]> sequences = golden.sequences();

    float[] together = hidden(model, TokenBatch.ofIds(sequences));
    float[] reversed = hidden(model, TokenBatch.ofIds(sequences.reversed()));

    float[] first = hidden(model, TokenBatch.ofIds(List.of(sequences.get(0))));
    float[] second = hidden(model, TokenBatch.ofIds(List.of(sequences.get(1))));
    assertArrayEquals(joined(first, second), together);
    assertArrayEquals(joined(second, first), reversed);
  }

  @ParameterizedTest
  @MethodSource("everyModel")
  void paddingOnEitherSideChangesNothing(GoldenModel golden) throws IOException {
    Transformer model = load(golden);
    int[] longer = golden.sequences().get(0);
    int[] shorter = golden.sequences().get(1);
    int missing = longer.length - shorter.length;
    int[] left = new int[longer.length];
    System.arraycopy(shorter, 0, left, missing, shorter.length);
    int[] leftMask = new int[longer.length];
    Arrays.fill(leftMask, missing, longer.length, 1);
    int[] full = new int[longer.length];
    Arrays.fill(full, 1);
    int[] rightMask = new int[longer.length];
    Arrays.fill(rightMask, 0, shorter.length, 1);

    float[] found =
        hidden(
            model,
            TokenBatch.ofPadded(
                new int[][] {longer, left, Arrays.copyOf(shorter, longer.length)},
                new int[][] {full, leftMask, rightMask}));

    float[] expected = hidden(model, TokenBatch.ofIds(List.of(longer, shorter, shorter)));
    assertArrayEquals(expected, found);
  }

  @ParameterizedTest
  @MethodSource("languageModels")
  void aCacheGivesTheSameLogitsInPiecesOfAnySize(GoldenModel golden) throws IOException {
    Transformer model = load(golden);
    List<int[]> sequences = golden.sequences();
    float[] whole = logits(model, TokenBatch.ofIds(sequences));
    int vocabulary = model.config().dVocab();
    KeyValueCache cache = model.newCache(2, sequences.getFirst().length);
    int[] done = {0, 0};
    for (int piece : new int[] {3, 1, 1, 1}) {
      List<int[]> next = new ArrayList<>();
      for (int s = 0; s < 2; s++) {
        next.add(Arrays.copyOfRange(sequences.get(s), done[s], done[s] + piece));
      }

      var run = model.run(TokenBatch.ofIds(next), Set.of(), Map.of(), cache);

      float[] found = device.toHost(model.logits(run.output()));
      for (int s = 0; s < 2; s++) {
        int row = (s == 0 ? 0 : sequences.getFirst().length) + done[s];
        float[] expected = Arrays.copyOfRange(whole, row * vocabulary, (row + piece) * vocabulary);
        float[] part =
            Arrays.copyOfRange(found, s * piece * vocabulary, (s + 1) * piece * vocabulary);
        assertArrayEquals(expected, part, (float) NEARLY * largest(whole));
        done[s] += piece;
      }
    }
  }

  private static void copyTo(Path folder, GoldenModel golden) throws IOException {
    try (Stream<Path> files = Files.list(golden.folder())) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
  }

  private static float largestDifference(float[] some, float[] others) {
    float[] differences = some.clone();
    for (int i = 0; i < some.length; i++) {
      differences[i] -= others[i];
    }
    return largest(differences);
  }

  private Transformer load(GoldenModel golden) throws IOException {
    return Models.load(golden.model().toString(), device);
  }

  private float[] hidden(Transformer model, TokenBatch batch) {
    return device.toHost(model.run(batch).output());
  }

  private float[] logits(Transformer model, TokenBatch batch) {
    return device.toHost(model.logits(model.run(batch).output()));
  }

  private static float[] joined(float[] first, float[] second) {
    float[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  private static float largest(float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
