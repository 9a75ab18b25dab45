package mechinterp.experiments.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Everything inside all-MiniLM-L6-v2 against what ONNX Runtime computes for the same file. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MiniLmGoldenTest {
  private static final float TOLERANCE = 1e-4f;
  private static final int LAST_LAYER = 5;

  private final Device device = CpuDevice.best(2);
  private SafetensorsFile golden;
  private Transformer model;
  private TokenBatch batch;

  @BeforeAll
  void load() throws IOException, URISyntaxException {
    golden = SafetensorsFile.open(Golden.path("minilm.safetensors"));
    model = Models.load("all-MiniLM-L6-v2", device);
    List<int[]> texts = new ArrayList<>();
    for (int i = 0; golden.tensors().contains(i + " ids"); i++) {
      texts.add(golden.ints(i + " ids"));
    }
    batch = TokenBatch.ofIds(texts);
  }

  @AfterAll
  void close() {
    golden.close();
    device.close();
  }

  @Test
  void textsBecomeTheSameTokens() throws FormatException {
    for (int i = 0; i < batch.sequences(); i++) {
      String text = Objects.requireNonNull(golden.metadata().get("text " + i));
      assertArrayEquals(golden.ints(i + " ids"), model.tokenizer().encode(text).ids());
    }
  }

  @Test
  void everyRecordedActivationAgreesInABatchOfAllTexts() throws FormatException {
    List<String> recorded =
        golden.tensors().stream().filter(name -> !name.endsWith("ids")).toList();
    Map<String, HookPoint> points =
        recorded.stream().collect(Collectors.toMap(name -> name, MiniLmGoldenTest::pointOf));
    Activations found = model.run(batch, Set.copyOf(points.values()), Map.of());

    assertEquals(4 * 7 + 3 + 10, recorded.size());
    for (String name : recorded) {
      assertAgrees(name, found.at(pointOf(name)));
    }
  }

  @Test
  void theOutputIsThatOfTheLastBlock() {
    HookPoint last = HookPoint.normalizedResidPost(LAST_LAYER);
    Activations found = model.run(batch, Set.of(last), Map.of());

    assertArrayEquals(device.toHost(found.at(last)), device.toHost(found.output()));
  }

  @Test
  void aTextAloneHasTheSameBitsAsInABatch() {
    HookPoint last = HookPoint.normalizedResidPost(LAST_LAYER);
    float[] together = device.toHost(rowsOf(1, model.run(batch).output()));
    int[] ids = Arrays.copyOfRange(batch.ids(), batch.start(1), batch.end(1));
    TokenBatch alone = TokenBatch.ofIds(List.of(ids));

    assertArrayEquals(
        together, device.toHost(model.capture(alone, Set.of(last), Map.of()).at(last)));
  }

  private static HookPoint pointOf(String name) {
    return HookPoint.parse(name.substring(name.indexOf(' ') + 1));
  }

  private FloatMatrix rowsOf(int sequence, FloatMatrix activation) {
    return activation.rowRange(batch.start(sequence), batch.end(sequence));
  }

  private void assertAgrees(String name, FloatMatrix activation) throws FormatException {
    int sequence = Integer.parseInt(name.substring(0, name.indexOf(' ')));
    int columns = Math.toIntExact(golden.info(name).rowSize());
    float[] expected = golden.floats(name);
    float[] found = device.toHost(rowsOf(sequence, activation).columnRange(0, columns));
    assertEquals(expected.length, found.length, name);
    float worst = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs(expected[i] - found[i]));
    }
    assertTrue(worst <= TOLERANCE, name + " differs by " + worst);
  }
}
