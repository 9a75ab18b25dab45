package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Sha256Test {
  @Test
  void theHashIsTheStandardsOwn() {
    byte[] abc = "abc".getBytes(StandardCharsets.UTF_8);
    String expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assertEquals(expected, new Sha256().add(abc).end());
    assertEquals(expected, new Sha256().add(abc, 0, 1).add(abc, 1, 2).end());
  }

  @Test
  void textsAreKeptApart() {
    assertNotEquals(new Sha256().add("ab").add("c").end(), new Sha256().add("a").add("bc").end());
  }

  @Test
  void floatsAreTheirLittleEndianBytes() {
    float[] values = new float[8195];
    values[0] = 1.5f;
    values[8194] = -2;
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    assertEquals(new Sha256().add(bytes.array()).end(), new Sha256().add(values).end());
  }
}
