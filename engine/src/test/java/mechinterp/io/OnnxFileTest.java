package mechinterp.io;

import static mechinterp.io.OnnxBytes.bytes;
import static mechinterp.io.OnnxBytes.join;
import static mechinterp.io.OnnxBytes.number;
import static mechinterp.io.OnnxBytes.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class OnnxFileTest {
  private static final byte[] VALID =
      new OnnxBytes()
          .floats("weight", new float[] {1, -2, 3.5f, 4, 5, 6}, 2, 3)
          .listedFloats("listed", new float[] {7, 8}, 2)
          .listedLongs("sizes", new long[] {-1, 384, Long.MAX_VALUE}, 3)
          .constant("heads", 12L)
          .constant("epsilon", 1e-12f)
          .node("/layer/MatMul", "MatMul", List.of("x", "weight"), List.of("y"))
          .build();

  private static OnnxFile read(byte[] content) throws IOException {
    return OnnxFile.read("m.onnx", new ByteArrayInputStream(content));
  }

  private static String refusal(byte[] content) {
    return Refusal.of(FormatException.class, () -> read(content));
  }

  @Test
  void initializersAreReadInEveryFormThatTheFormatHas() throws IOException {
    OnnxFile file = read(VALID);

    assertEquals(List.of(2, 3), file.tensor("weight").shape());
    assertArrayEquals(new float[] {1, -2, 3.5f, 4, 5, 6}, file.tensor("weight").floats());
    assertArrayEquals(new float[] {7, 8}, file.tensor("listed").floats());
    assertArrayEquals(new long[] {-1, 384, Long.MAX_VALUE}, file.tensor("sizes").longs());
  }

  @Test
  void valuesOfConstantNodesHaveTheNameOfTheirOutput() throws IOException {
    OnnxFile file = read(VALID);

    assertArrayEquals(new long[] {12}, file.tensor("heads").longs());
    assertArrayEquals(new float[] {1e-12f}, file.tensor("epsilon").floats());
    assertEquals(List.of(), file.tensor("epsilon").shape());
  }

  @Test
  void nodesKeepTheirOrderAndNames() throws IOException {
    OnnxFile file = read(VALID);

    assertEquals(3, file.nodes().size());
    assertEquals(
        new OnnxNode("/layer/MatMul", "MatMul", List.of("x", "weight"), List.of("y")),
        file.node("/layer/MatMul").orElseThrow());
    assertTrue(file.node("/other").isEmpty());
  }

  @Test
  void aMissingTensorAndAnotherTypeAreRefused() throws IOException {
    OnnxFile file = read(VALID);

    assertEquals(
        "m.onnx: no tensor bias among 5; expected it among the initializers",
        Refusal.of(FormatException.class, () -> file.tensor("bias")));
    assertEquals(
        "m.onnx: tensor sizes has ONNX data type 7; expected 1 (32-bit floats)",
        Refusal.of(FormatException.class, () -> file.tensor("sizes").floats()));
  }

  @Test
  void repeatedNumbersMayAlsoComeOneByOne() throws IOException {
    byte[] model =
        new OnnxBytes()
            .initializer(
                text(8, "one by one"),
                number(7, 5),
                number(7, -6),
                number(2, 7),
                bytes(1, new byte[] {2}))
            .build();

    assertArrayEquals(new long[] {5, -6}, read(model).tensor("one by one").longs());
  }

  @Test
  void fieldsOfOtherVersionsArePassedOver() throws IOException {
    byte[] fixed64 = {(byte) 0x99, 6, 1, 2, 3, 4, 5, 6, 7, 8};
    byte[] fixed32 = {(15 << 3) | 5, 1, 2, 3, 4};

    assertEquals(5, read(join(fixed32, fixed64, text(6, "doc"), VALID)).tensors().size());
  }

  @Test
  void everyTruncationIsRefusedWithThePlace() {
    for (int length = 0; length < VALID.length; length++) {
      String message = refusal(Arrays.copyOf(VALID, length));
      assertTrue(message.startsWith("m.onnx: byte " + length + ": "), length + ": " + message);
    }
  }

  @Test
  void aFileWithoutAGraphIsNoModel() {
    assertEquals("m.onnx: byte 0: no graph; expected an ONNX model", refusal(new byte[0]));
    assertTrue(
        refusal("<html>not found</html>".getBytes(StandardCharsets.UTF_8))
            .startsWith("m.onnx: byte "));
  }

  @Test
  void dataThatDoesNotFitTheShapeIsRefused() {
    String message = refusal(new OnnxBytes().floats("w", new float[5], 2, 3).build());

    assertTrue(
        message.endsWith(
            "tensor w of shape [2, 3] has 20 bytes of data; expected 4 bytes for each element, less than 2 GiB"),
        message);
  }

  @Test
  void shapesThatOverflowAreRefused() {
    byte[] model =
        new OnnxBytes()
            .initializer(number(1, 1L << 40), number(1, 1L << 40), number(2, 1), text(8, "w"))
            .build();

    assertTrue(refusal(model).contains("tensor w has shape [1099511627776, 1099511627776]"));
    byte[] negative = new OnnxBytes().initializer(number(1, -1), number(2, 1)).build();
    assertTrue(refusal(negative).contains("has shape [-1]"));
  }

  @Test
  void aLengthBeyondTheEnclosingMessageIsRefusedWithoutTakingMemory() {
    byte[] huge = join(new byte[] {(5 << 3) | 2}, new byte[] {-1, -1, -1, -1, 7});

    assertTrue(
        refusal(bytes(7, huge)).contains("field 5 claims 2147483647 bytes"),
        refusal(bytes(7, huge)));
  }

  @Test
  void numbersInOtherFilesAreRefused() {
    byte[] model =
        new OnnxBytes().initializer(text(8, "w"), bytes(13, text(1, "location"))).build();

    assertTrue(refusal(model).contains("tensor w keeps its numbers elsewhere"));
  }

  @Test
  void twoTensorsOfOneNameAreRefused() {
    byte[] model =
        new OnnxBytes().floats("w", new float[1], 1).floats("w", new float[1], 1).build();

    assertTrue(refusal(model).contains("a second tensor w; expected names that differ"));
  }

  @Test
  void anIntegerWithoutEndIsRefused() {
    byte[] endless = new byte[20];
    Arrays.fill(endless, (byte) -1);

    assertEquals(
        "m.onnx: byte 0: an integer of more than 10 bytes; expected at most 10 bytes",
        refusal(endless));
  }

  @Test
  void aNameThatIsNotUtf8IsRefused() {
    byte[] model = new OnnxBytes().initializer(bytes(8, new byte[] {-1, -2})).build();

    assertTrue(refusal(model).contains("field 8 is not UTF-8"));
  }

  @Test
  void damagedFilesAreRefusedOrReadButNeverFailOtherwise() throws IOException {
    SplittableRandom random = new SplittableRandom(17);
    int refused = 0;
    for (int round = 0; round < 5000; round++) {
      byte[] damaged = Damage.to(VALID, random);
      try {
        for (OnnxTensor tensor : read(damaged).tensors().values()) {
          tensor.floats();
        }
      } catch (FormatException e) {
        assertTrue(String.valueOf(e.getMessage()).startsWith("m.onnx: "), e.getMessage());
        refused++;
      }
    }
    assertTrue(refused > 1000, refused + " refused");
  }
}
