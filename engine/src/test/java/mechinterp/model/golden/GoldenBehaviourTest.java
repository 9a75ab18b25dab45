package mechinterp.model.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

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
import org.junit.jupiter.params.provider.MethodSource;

/** What must not change a model's numbers: the age of its config, the batch, padding, a cache. */
class GoldenBehaviourTest {
  private static final double NEARLY = 1e-5;

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

  @ParameterizedTest
  @MethodSource("withOldConfig")
  void theOldFormOfAConfigMeansTheSame(GoldenModel golden) throws IOException {
    try (Stream<Path> files = Files.list(golden.folder())) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
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
