package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  @TempDir Path folder;

  private Path file(String header, int dataBytes) throws IOException {
    return file(header.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  private Path file(byte[] header, int dataBytes) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(8 + header.length + dataBytes);
    content.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header);
    return Files.write(folder.resolve("x.safetensors"), content.array());
  }

  private static byte[] bytes(SafetensorsWriter writer) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writer.writeTo(out);
    return out.toByteArray();
  }

  private String refusal(Path file) {
    String message = Refusal.of(FormatException.class, () -> SafetensorsFile.open(file));
    assertTrue(message.startsWith(file + ": "), message);
    return message.substring(file.toString().length() + 2);
  }

  @Test
  void numbersComeBackBitForBit() throws IOException {
    float[] weights = {0f, -0f, 1.5f, Float.MIN_VALUE, Float.MAX_VALUE, Float.NEGATIVE_INFINITY};
    Path path = folder.resolve("a.safetensors");
    new SafetensorsWriter()
        .metadata("format", "pt")
        .floats("W", weights, 2, 3)
        .ints("indices", new int[] {Integer.MIN_VALUE, 7, -1}, 3)
        .longs("row_offsets", new long[] {0, Long.MAX_VALUE}, 2)
        .floats("scalar", new float[] {0.25f})
        .floats("empty", new float[0], 0, 5)
        .write(path);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(Set.of("W", "indices", "row_offsets", "scalar", "empty"), file.tensors());
      assertEquals(Map.of("format", "pt"), file.metadata());
      assertArrayEquals(weights, file.floats("W"));
      assertArrayEquals(
          new float[] {Float.MIN_VALUE, Float.MAX_VALUE, Float.NEGATIVE_INFINITY},
          file.floats("W", 1, 1));
      assertArrayEquals(new int[] {Integer.MIN_VALUE, 7, -1}, file.ints("indices"));
      assertArrayEquals(new long[] {0, Long.MAX_VALUE}, file.longs("row_offsets"));
      assertArrayEquals(new float[] {0.25f}, file.floats("scalar"));
      assertEquals(List.of(), file.info("scalar").shape());
      assertEquals(0, file.floats("empty").length);
    }
  }

  @Test
  void aStreamIsReadAndCheckedAsAFileIs() throws IOException {
    byte[] content =
        bytes(
            new SafetensorsWriter()
                .floats("W", new float[] {1, 2, 3, 4}, 2, 2)
                .ints("i", new int[] {5}, 1)
                .longs("l", new long[] {6}, 1));
    try (SafetensorsFile file =
        SafetensorsFile.read("tiny.safetensors", new ByteArrayInputStream(content))) {
      assertEquals("tiny.safetensors", file.source());
      assertArrayEquals(new float[] {3, 4}, file.floats("W", 1, 1));
      assertArrayEquals(new int[] {5}, file.ints("i"));
      assertArrayEquals(new long[] {6}, file.longs("l"));
      assertEquals(
          "tiny.safetensors: tensor \"W\" is [2, 2]; it must be [any, 3]",
          Refusal.of(FormatException.class, () -> file.info("W", -1, 3)));
    }
    InputStream cut = new ByteArrayInputStream(content, 0, content.length - 1);
    String message =
        Refusal.of(FormatException.class, () -> SafetensorsFile.read("tiny.safetensors", cut));
    assertTrue(message.startsWith("tiny.safetensors: header: "), message);
  }

  @ParameterizedTest
  @CsvSource({"F16", "BF16"})
  void everyHalfBecomesTheFloatThatItMeans(DType dtype) throws IOException {
    float[] all = new float[1 << 16];
    for (int bits = 0; bits < all.length; bits++) {
      all[bits] =
          dtype == DType.F16
              ? Float.float16ToFloat((short) bits)
              : Float.intBitsToFloat(bits << 16);
    }
    Path path = folder.resolve("a.safetensors");
    new SafetensorsWriter().tensor("a", dtype, sink -> inPieces(sink, all), all.length).write(path);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertArrayEquals(all, file.floats("a"));
    }
  }

  @Test
  void theFileIsTheFormatsOwn() throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter().ints("a", new int[] {1, 258}, 2);
    String header = "{\"a\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    byte[] expected =
        ByteBuffer.allocate(8 + 56 + 8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(56)
            .put((header + " ".repeat(56 - header.length())).getBytes(StandardCharsets.UTF_8))
            .putInt(1)
            .putInt(258)
            .array();
    assertArrayEquals(expected, bytes(writer));
    assertEquals(expected.length, writer.fileBytes());
  }

  @ParameterizedTest
  @CsvSource({"F32, 0", "F64, 0", "F16, 0.0005", "BF16, 0.004"})
  void floatsAreRoundedToTheirType(DType dtype, double tolerance) throws IOException {
    float[] values = new float[20_001];
    RandomStream.of(1, "values").fillGaussian(values, 0, 3);
    Path path = folder.resolve("a.safetensors");
    new SafetensorsWriter()
        .tensor("a", dtype, sink -> inPieces(sink, values), values.length)
        .write(path);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      float[] back = file.floats("a");
      for (int i = 0; i < values.length; i++) {
        assertEquals(
            values[i], back[i], tolerance * Math.abs(values[i]) + (tolerance == 0 ? 0 : 1e-6));
      }
      assertArrayEquals(Arrays.copyOfRange(back, 777, 1000), file.floats("a", 777, 223));
    }
  }

  private static void inPieces(TensorSink sink, float[] values) throws IOException {
    for (int from = 0; from < values.length; from += 997) {
      sink.floats(values, from, Math.min(997, values.length - from));
    }
  }

  @Test
  void bfloat16RoundsToTheNearestEvenAndKeepsNaN() {
    assertEquals((short) 0x3f80, DType.toBfloat16(Float.intBitsToFloat(0x3f808000)));
    assertEquals((short) 0x3f82, DType.toBfloat16(Float.intBitsToFloat(0x3f818000)));
    assertEquals((short) 0x3f81, DType.toBfloat16(Float.intBitsToFloat(0x3f808001)));
    assertEquals((short) 0x7f80, DType.toBfloat16(Float.MAX_VALUE));
    assertTrue(Float.isNaN(DType.fromBfloat16(DType.toBfloat16(Float.intBitsToFloat(0x7f800001)))));
    for (int bits = 0; bits < 0x7f80; bits++) {
      assertEquals((short) bits, DType.toBfloat16(DType.fromBfloat16((short) bits)));
    }
  }

  @Test
  void aSourceMustDeliverWhatItsShapeHas() {
    Path path = folder.resolve("a.safetensors");
    for (int length : new int[] {5, 7}) {
      String message =
          Refusal.of(
              IllegalArgumentException.class,
              () -> new SafetensorsWriter().floats("W", new float[length], 2, 3).write(path));
      assertTrue(message.contains("\"W\" was given " + length + " numbers"), message);
    }
    SafetensorsWriter wrongKind =
        new SafetensorsWriter().tensor("W", DType.F32, sink -> sink.ints(new int[1], 0, 1), 1);
    assertThrows(IllegalArgumentException.class, () -> wrongKind.write(path));
    SafetensorsWriter taken = new SafetensorsWriter().floats("W", new float[0], 0);
    assertThrows(IllegalArgumentException.class, () -> taken.floats("W", new float[0], 0));
  }

  @Test
  void theChecksumIsThatOfTheFilesBytes() throws IOException {
    Path path = folder.resolve("a.safetensors");
    String written = new SafetensorsWriter().ints("a", new int[] {1, 2, 3}, 3).write(path);
    CRC32C crc = new CRC32C();
    crc.update(Files.readAllBytes(path));
    assertEquals("crc32c:%08x".formatted(crc.getValue()), written);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(written, file.checksum());
    }
  }

  @Test
  void readingTheWrongThingNamesIt() throws IOException {
    Path path = folder.resolve("a.safetensors");
    new SafetensorsWriter().ints("a", new int[6], 2, 3).floats("b", new float[2], 2).write(path);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(
          path + ": has no tensor \"c\"; its tensors are [a, b]",
          Refusal.of(FormatException.class, () -> file.floats("c")));
      assertEquals(
          path + ": tensor \"a\" is I32; it must be F32, F16, BF16 or F64",
          Refusal.of(FormatException.class, () -> file.floats("a")));
      assertEquals(
          path + ": tensor \"b\" is F32; it must be I32",
          Refusal.of(FormatException.class, () -> file.ints("b")));
      assertEquals(
          path + ": tensor \"b\" is F32; it must be I64",
          Refusal.of(FormatException.class, () -> file.longs("b")));
      assertEquals(
          path + ": tensor \"a\" is [2, 3]; it must be [any, 4]",
          Refusal.of(FormatException.class, () -> file.info("a", -1, 4)));
      assertThrows(FormatException.class, () -> file.info("a", 6));
      assertEquals(List.of(2L, 3L), file.info("a", -1, 3).shape());
      assertThrows(IndexOutOfBoundsException.class, () -> file.floats("b", 1, 2));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> file.readFloats(file.info("b"), 1, new float[9], 0, 2));
    }
  }

  @Test
  void aMissingFileIsOneLine() {
    Path path = folder.resolve("none.safetensors");
    assertEquals(
        path + ": cannot be read: it does not exist",
        Refusal.of(IOException.class, () -> SafetensorsFile.open(path)));
    String message = Refusal.of(IOException.class, () -> SafetensorsFile.open(folder));
    assertTrue(message.startsWith(folder + ": cannot be read: "), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | 3 | tensor "a": data_offsets is [0, 4], the file has 3 bytes of data
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | 5 | its tensors cover 4 bytes, the file has 5 bytes of data
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}} | 4 | tensor "a": data_offsets [0, 4] hold 4 bytes; F32 [2] has 8
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}} | 6 | tensor "b" begins at byte 2 of the data, the one before it ends at 4
          {"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}} | 6 | tensor "b" begins at byte 4 of the data, the one before it ends at 2
          {"a":{"dtype":"U8","shape":[2],"data_offsets":[4,2]}} | 4 | tensor "a": data_offsets is [4, 2]; it must be [begin, end]
          {"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}} | 2 | tensor "a": data_offsets is [0]; it must be [begin, end]
          {"a":{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}} | 2 | tensor "a": data_offsets has -2; it must not be negative
          {"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}} | 0 | shape [4611686018427387904, 4] has more than 2^63 bytes
          {"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,0]}} | 0 | Numeric value (99999999999999999999) out of range of `long`
          {"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}} | 4 | tensor "a": shape is a number that is not whole; it must be a whole number
          {"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}} | 1 | tensor "a": dtype is "F4"; supported are [BOOL, U8
          {"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}} | 8 | tensor "a": dtype is "C64"; supported are
          {"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}} | 0 | "a"
          {"a":{"dtype":"F32","dtype":"I32","shape":[0],"data_offsets":[0,0]}} | 0 | "dtype"
          {"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"device":"cpu"}} | 0 | tensor "a" has a field "device"
          {"a":{"dtype":"F32","shape":[0]}} | 0 | tensor "a" has no data_offsets
          {"a":[]} | 0 | tensor "a" is an array; it must be an object
          {"__metadata__":{"k":1}} | 0 | __metadata__.k is a whole number; it must be a string
          [] | 0 | does not begin with {
          {"a":{"dtype":"F32","shape":[0],"data_offs | 0 | header: Unexpected end-of-input
          {} {} | 0 | goes on after the closing }
          """)
  void aWrongHeaderIsRefusedWithTheFieldAtFault(String header, int dataBytes, String expected)
      throws IOException {
    String problem = refusal(file(header, dataBytes));
    assertTrue(problem.startsWith("header: ") && problem.contains(expected), problem);
  }

  @Test
  void wrongLengthsAreRefused() throws IOException {
    Path path = folder.resolve("x.safetensors");
    Files.write(path, new byte[0]);
    assertTrue(refusal(path).startsWith("has 0 bytes; "));
    Files.write(path, new byte[7]);
    assertTrue(refusal(path).startsWith("has 7 bytes; "));
    Files.write(path, ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN).putLong(33).array());
    assertTrue(refusal(path).startsWith("header length is 33 bytes, the file has 32 after it"));
    Files.write(path, ByteBuffer.allocate(8).putLong(-1).array());
    assertTrue(refusal(path).startsWith("header length is 18446744073709551615 bytes; at most"));
    Files.write(
        path, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(100_000_001).array());
    assertTrue(refusal(path).startsWith("header length is 100000001 bytes; at most 100000000"));
    Files.write(path, ByteBuffer.allocate(8).array());
    assertTrue(refusal(path).contains("does not begin with {"));
  }

  @Test
  void aHeaderThatIsNotUtf8IsRefused() throws IOException {
    byte[] header =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}"
            .getBytes(StandardCharsets.UTF_8);
    header[2] = (byte) 0xff;
    assertTrue(refusal(file(header, 0)).contains("is not UTF-8"));
  }

  @Test
  void controlCharactersAndLongNamesStayOneShortLine() throws IOException {
    String name = "line\\nbreak\\u0007" + "x".repeat(40_000);
    String problem =
        refusal(
            file("{\"" + name + "\":{\"dtype\":\"Q9\",\"shape\":[],\"data_offsets\":[0,0]}}", 0));
    assertTrue(problem.contains("line\\u000abreak\\u0007"), problem);
    assertTrue(problem.length() < 1100, "message has " + problem.length() + " characters");
  }

  @Test
  void filesBeyondTwoGibibytesAreRead() throws IOException {
    long size = (1L << 32) + 12;
    byte[] text =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[%d,3],\"data_offsets\":[0,%d]}}"
            .formatted(size / 12, size / 12 * 12)
            .getBytes(StandardCharsets.UTF_8);
    Path path = folder.resolve("sparse.safetensors");
    try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
      sparse.setLength(8 + text.length + size / 12 * 12);
      sparse.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).array());
      sparse.write(text);
      sparse.seek(sparse.length() - 4);
      sparse.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(6.5f).array());
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertArrayEquals(new float[] {0, 0, 6.5f}, file.floats("a", size / 12 - 1, 1));
    }
  }

  /** Changes bytes of a valid file, mostly of its header; nothing but a clear refusal may come. */
  @Test
  void mutatedFilesAreReadOrRefusedAndNothingElse() throws IOException {
    byte[] valid =
        bytes(
            new SafetensorsWriter()
                .metadata("k", "v")
                .floats("W_enc", new float[6], 2, 3)
                .ints("ids", new int[3], 3)
                .floats("scalar", new float[1]));
    int headerEnd = valid.length - 40;
    RandomStream random = RandomStream.of(7, "fuzz");
    int refused = 0;
    Path path = folder.resolve("fuzz.safetensors");
    long draw = 0;
    for (int round = 0; round < 4000; round++) {
      byte[] mutated = valid.clone();
      int changes = 1 + random.below(draw++, 3);
      for (int i = 0; i < changes; i++) {
        mutated[random.below(draw++, headerEnd)] = replacement(random, draw++);
      }
      int length =
          random.below(draw++, 8) == 0 ? random.below(draw++, mutated.length) : mutated.length;
      Files.write(path, Arrays.copyOf(mutated, length));
      refused += isRefused(path) ? 1 : 0;
    }
    assertTrue(refused > 2000, refused + " of 4000 refused");
    assertTrue(refused < 4000, "some mutations, of names for one, are valid files");
  }

  private static byte replacement(RandomStream random, long draw) {
    byte[] structural = "{}[]\",:0123456789-. eE\\u".getBytes(StandardCharsets.UTF_8);
    int kind = random.below(draw, structural.length + 20);
    return kind < structural.length ? structural[kind] : (byte) random.bits(draw + (1L << 40));
  }

  private static boolean isRefused(Path path) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      for (String name : file.tensors()) {
        readEverything(file, name);
      }
      return false;
    } catch (FormatException e) {
      Refusal.oneLine(e);
      return true;
    }
  }

  private static void readEverything(SafetensorsFile file, String name) throws FormatException {
    if (file.info(name).dtype().isFloat()) {
      assertEquals(file.info(name).size(), file.floats(name).length);
    }
  }
}
