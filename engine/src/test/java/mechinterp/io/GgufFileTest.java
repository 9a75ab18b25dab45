package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GgufFileTest {
  private static final String NOT_READ = "not read";
  private static final int HEAD_BYTES = 2000;

  @TempDir Path folder;

  private static byte[] golden(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(GgufFileTest.class.getResourceAsStream("/golden/" + name))) {
      return in.readAllBytes();
    }
  }

  private Path everyType() throws IOException {
    return Files.write(folder.resolve("every-type.gguf"), golden("every-type.gguf"));
  }

  private static SafetensorsFile expectedNumbers() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            GgufFileTest.class.getResourceAsStream("/golden/every-type.safetensors"))) {
      return SafetensorsFile.read("every-type.safetensors", in);
    }
  }

  private String refusal(GgufBytes content) throws IOException {
    return refusal(content.write(folder.resolve("x.gguf")));
  }

  private static String refusal(Path file) {
    String message = Refusal.of(FormatException.class, () -> GgufFile.open(file).close());
    assertTrue(message.startsWith(file + ": "), message);
    return message.substring(file.toString().length() + 2);
  }

  @Test
  void everyTypeBecomesTheNumbersThatPythonReads() throws IOException {
    try (GgufFile file = GgufFile.open(everyType());
        SafetensorsFile expected = expectedNumbers()) {
      assertEquals(14, expected.tensors().size());
      for (String name : expected.tensors()) {
        assertEquals(expected.info(name).shape(), file.info(name).shape(), name);
        assertArrayEquals(expected.floats(name), file.floats(name), name);
      }
    }
  }

  @Test
  void everyReadableTypeIsInTheGoldenFile() throws IOException {
    try (GgufFile file = GgufFile.open(everyType())) {
      for (GgmlType type : GgmlType.values()) {
        if (type.isReadable()) {
          assertEquals(type, file.info(type.name()).type().orElseThrow());
        }
      }
    }
  }

  @Test
  void everyKindOfMetadataIsRead() throws IOException {
    try (GgufFile file = GgufFile.open(everyType())) {
      GgufMetadata metadata = file.metadata();
      assertEquals("llama", metadata.string("general.architecture"));
      assertEquals("every kind, é😀", metadata.string("general.name"));
      assertEquals(64, metadata.integer("general.alignment"));
      assertEquals(255, metadata.integer("u8"));
      assertEquals(-128, metadata.integer("i8"));
      assertEquals(65535, metadata.integer("u16"));
      assertEquals(-32768, metadata.integer("i16"));
      assertEquals(4294967295.0, metadata.number("u32"));
      assertEquals(Integer.MIN_VALUE, metadata.integer("i32"));
      assertEquals(0x1p63, metadata.number("u64"));
      assertEquals(-0x1p63, metadata.number("i64"));
      assertEquals(0.1f, metadata.number("f32"));
      assertEquals(0.1, metadata.number("f64"));
      assertTrue(metadata.bool("yes"));
      assertFalse(metadata.bool("no"));
      assertEquals(List.of("", "a", "Ġthe", "▁你"), metadata.strings("tokens"));
      assertArrayEquals(new float[] {0.5f, -1f, 1e-30f}, metadata.floats("scores"));
      assertArrayEquals(new float[] {0.1f}, metadata.floats("doubles"));
      assertArrayEquals(new boolean[] {true, false, true}, metadata.bools("flags"));
      assertArrayEquals(new int[] {3, -3, Integer.MAX_VALUE}, metadata.integers("counts"));
      assertArrayEquals(new int[] {0, 255}, metadata.integers("bytes"));
      assertTrue(metadata.isArray("tokens"));
      assertFalse(metadata.isArray("u8"));
      assertEquals("an array of 4 texts", metadata.describe("tokens"));
    }
  }

  @Test
  void aMissingKeyGivesTheFallbackAndAWrongKindNever() throws IOException {
    try (GgufFile file = GgufFile.open(everyType())) {
      GgufMetadata metadata = file.metadata();
      assertEquals(7, metadata.integer("none", 7));
      assertEquals(0.5, metadata.number("none", 0.5));
      assertEquals("x", metadata.string("none", "x"));
      assertTrue(metadata.bool("none", true));
      String missing = Refusal.of(FormatException.class, () -> metadata.integer("none"));
      assertEquals(file.path() + ": metadata has no none", missing);
      String kind = Refusal.of(FormatException.class, () -> metadata.integer("general.name", 1));
      assertEquals(
          file.path() + ": metadata general.name is a text; it must be a whole number", kind);
      assertThrows(FormatException.class, () -> metadata.integer("u32"));
      assertThrows(FormatException.class, () -> metadata.integer("f32"));
      assertThrows(FormatException.class, () -> metadata.number("yes"));
      assertThrows(FormatException.class, () -> metadata.bool("u8"));
      assertThrows(FormatException.class, () -> metadata.string("tokens"));
      assertThrows(FormatException.class, () -> metadata.strings("counts"));
      assertThrows(FormatException.class, () -> metadata.floats("counts"));
      assertThrows(FormatException.class, () -> metadata.integers("scores"));
      assertThrows(FormatException.class, () -> metadata.bools("counts"));
    }
  }

  @Test
  void rowsAndPartsOfBlocksAreThoseOfTheWholeTensor() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    try (GgufFile file = GgufFile.open(everyType());
        SafetensorsFile expected = expectedNumbers()) {
      for (String name : expected.tensors()) {
        float[] all = file.floats(name);
        GgufTensor tensor = file.info(name);
        int rowSize = (int) tensor.rowSize();
        assertArrayEquals(
            Arrays.copyOfRange(all, rowSize, 3 * rowSize), file.floats(name, 1, 2), name);
        for (int round = 0; round < 50; round++) {
          int first = random.nextInt(all.length + 1);
          int count = random.nextInt(all.length - first + 1);
          float[] part = new float[count + 5];
          file.readFloats(tensor, first, part, 3, count);
          assertArrayEquals(
              Arrays.copyOfRange(all, first, first + count),
              Arrays.copyOfRange(part, 3, count + 3),
              name);
          assertEquals(0f, part[2]);
          assertEquals(0f, part[count + 3]);
        }
      }
      assertThrows(IndexOutOfBoundsException.class, () -> file.floats("Q4_0", 4, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> file.floats("Q4_0", -1, 1));
    }
  }

  @Test
  void severalThreadsReadAtOnce() throws IOException, InterruptedException, ExecutionException {
    try (GgufFile file = GgufFile.open(everyType());
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      float[] alone = file.floats("Q6_K");
      List<Future<float[]>> read = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        read.add(threads.submit(() -> file.floats("Q6_K")));
      }
      for (Future<float[]> together : read) {
        assertArrayEquals(alone, together.get());
      }
    }
  }

  @Test
  void aTypeThatIsNotSupportedIsRefusedWhenItIsRead() throws IOException {
    GgufBytes content = new GgufBytes().tensor("future", 4711, 0, 3).data(32);
    try (GgufFile file = GgufFile.open(everyType());
        GgufFile future = GgufFile.open(content.write(folder.resolve("future.gguf")))) {
      String known = Refusal.of(FormatException.class, () -> file.floats(NOT_READ));
      assertTrue(
          known.startsWith(
              file.path() + ": tensor \"not read\" is Q2_K; supported are F32, F16, Q4_0"),
          known);
      String unknown = Refusal.of(FormatException.class, () -> future.floats("future"));
      assertTrue(unknown.contains("tensor \"future\" is of unknown type 4711"), unknown);
      assertThrows(FormatException.class, () -> file.floats("no such tensor"));
    }
  }

  @Test
  void versionTwoReadsAsVersionThree() throws IOException {
    GgufBytes content =
        new GgufBytes()
            .version(2)
            .string("general.architecture", "gpt2")
            .floats("a", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
            .floats("none", new float[0], 0, 4)
            .floats("single", new float[] {7});
    try (GgufFile file = GgufFile.open(content.write(folder.resolve("two.gguf")))) {
      assertArrayEquals(new float[] {4, 5, 6}, file.floats("a", 1, 1));
      assertArrayEquals(new float[0], file.floats("none"));
      assertArrayEquals(new float[] {7}, file.floats("single"));
      assertEquals(List.of(2L, 3L), file.info("a").shape());
    }
  }

  @Test
  void aFileWithoutTensorsNeedsNoData() throws IOException {
    GgufBytes content = new GgufBytes().string("general.architecture", "gpt2");
    byte[] bytes = content.bytes();
    Path file = Files.write(folder.resolve("x.gguf"), Arrays.copyOf(bytes, 24 + 8 + 20 + 4 + 12));
    try (GgufFile opened = GgufFile.open(file)) {
      assertTrue(opened.tensors().isEmpty());
    }
  }

  private static Arguments broken(String problem, GgufBytes content) {
    return Arguments.of(problem, content);
  }

  private static GgufBytes file() {
    return new GgufBytes();
  }

  private static GgufBytes array(int kind, long count, byte... items) {
    return file().metadata("k", 9, GgufBytes.int32(kind), GgufBytes.int64(count), items);
  }

  static Stream<Arguments> brokenFiles() {
    long far = 1L << 40;
    return Stream.of(
        broken("version: is 1; 2 and 3 are supported", file().version(1)),
        broken("version: is 4;", file().version(4)),
        broken("numbers are big-endian", file().version(3 << 24)),
        broken("key of metadata 0: has 0 characters", file().string("", "x")),
        broken("metadata k: is there twice", file().string("k", "x").uint32("k", 1)),
        broken("metadata k: is of kind 13; kinds 0 to 12", file().metadata("k", 13)),
        broken("metadata k: is 2; true is 1", file().metadata("k", 7, new byte[] {2})),
        broken("is 18446744073709551615;", file().metadata("k", 10, GgufBytes.int64(-1))),
        broken("says 99 bytes of text", file().metadata("k", 8, GgufBytes.int64(99))),
        broken("says 18446744073709551615 bytes", file().metadata("k", 8, GgufBytes.int64(-1))),
        broken("text is not UTF-8", file().metadata("k", 8, GgufBytes.int64(1), new byte[] {-1})),
        broken("metadata k: is an array of arrays", array(9, 1)),
        broken("metadata k: is of kind 77", array(77, 1)),
        broken("metadata k: says 1099511627776 floats", array(6, far)),
        broken("metadata k: says 1099511627776 texts", array(8, far)),
        broken("metadata k: says 18446744073709551615 whole numbers", array(0, -1)),
        broken("says 9223372036854775807 floats", array(12, Long.MAX_VALUE)),
        broken(
            "general.alignment is 48; it must be a power", file().uint32("general.alignment", 48)),
        broken("general.alignment is 0; it must be a power", file().uint32("general.alignment", 0)),
        broken("general.alignment is a text", file().string("general.alignment", "32")),
        broken("\"a\": has 5 dimensions", file().tensor("a", 0, 0, 1, 1, 1, 1, 1)),
        broken("\"a\": is there twice", file().tensor("a", 0, 0, 1).tensor("a", 0, 32, 1)),
        broken("has more than 2^63 bytes", file().tensor("a", 0, 0, far, far)),
        broken("has more than 2^63 bytes", file().tensor("a", 0, 0, Long.MAX_VALUE)),
        broken(
            "shape [2, 48] has rows of 48; Q4_0 needs a multiple of 32",
            file().tensor("a", 2, 0, 48, 2)),
        broken("offset is 4; it must be a multiple of 32", file().tensor("a", 0, 4, 1).data(64)),
        broken(
            "F32 [9] has 36 bytes, the file 32 bytes of data; it is truncated",
            file().tensor("a", 0, 0, 9).data(32)),
        broken(
            "the file 32 bytes of data", file().tensor("a", 0, 9223372036854775776L, 1).data(32)),
        broken(
            "\"b\": offset is 0; the tensor before it ends at 4",
            file().tensor("a", 0, 0, 1).tensor("b", 0, 0, 2).data(64)),
        broken("tensor \"a\": is 18446744073709551615", file().tensor("a", 0, 0, -1)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("brokenFiles")
  void brokenFilesAreRefusedWithTheFieldAtFault(String problem, GgufBytes content)
      throws IOException {
    String message = refusal(content);
    assertTrue(message.contains(problem), message);
  }

  @Test
  void otherFilesAreRefusedByTheirMagic() throws IOException {
    Path file = Files.writeString(folder.resolve("x.gguf"), "version https://git-lfs.github.com");
    assertEquals(
        "byte 0, magic: is not GGUF; a GGUF file begins with these letters", refusal(file));
    assertThrows(IOException.class, () -> GgufFile.open(folder.resolve("missing.gguf")));
  }

  @Test
  void countsAreNotBelievedBeyondTheFile() throws IOException {
    byte[] content = file().bytes();
    content[8 + 4] = 1;
    Path file = Files.write(folder.resolve("x.gguf"), content);
    String message = refusal(file);
    assertTrue(message.startsWith("byte 8, number of tensors: says 4294967296 tensors;"), message);
  }

  @Test
  void aFileCutOffAnywhereIsRefused() throws IOException {
    byte[] content = golden("every-type.gguf");
    Path file = folder.resolve("cut.gguf");
    for (int length = 0; length < content.length - 64; length += length < HEAD_BYTES ? 1 : 61) {
      Files.write(file, Arrays.copyOf(content, length));
      refusal(file);
    }
  }

  @Test
  void damagedFilesAreRefusedOrReadButNeverFailOtherwise() throws IOException {
    SplittableRandom random = new SplittableRandom(17);
    byte[] content = golden("every-type.gguf");
    byte[] head = Arrays.copyOf(content, HEAD_BYTES);
    byte[] tail = Arrays.copyOfRange(content, HEAD_BYTES, content.length);
    Path file = folder.resolve("damaged.gguf");
    int refused = 0;
    for (int round = 0; round < 4000; round++) {
      Files.write(file, OnnxBytes.join(Damage.to(head, random), tail));
      try (GgufFile damaged = GgufFile.open(file)) {
        readAll(damaged);
      } catch (FormatException e) {
        assertTrue(Refusal.oneLine(e).startsWith(file + ": "), e.getMessage());
        refused++;
      }
    }
    assertTrue(refused > 1000 && refused < 4000, refused + " refused");
  }

  private static void readAll(GgufFile file) throws FormatException {
    for (String key : file.metadata().keys()) {
      file.metadata().describe(key);
    }
    for (String name : file.tensors()) {
      if (!name.equals(NOT_READ)) {
        file.floats(name);
      }
    }
  }
}
