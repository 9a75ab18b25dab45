package mechinterp.io.archive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import mechinterp.io.DType;
import mechinterp.io.Damage;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
  private static final String STORAGE =
      "X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\6";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"values", "module"})
  void numbersAreThoseThatTorchReads(String name) throws IOException {
    try (TorchFile file = TorchFile.open(GoldenArchives.path(name + ".pt"))) {
      GoldenArchives.requireFloats(GoldenArchives.path(name + ".safetensors"), file);
    }
  }

  @Test
  void valuesBesideTensorsHaveTheirNames() throws IOException {
    try (TorchFile file = TorchFile.open(GoldenArchives.path("values.pt"))) {
      assertEquals(
          Map.ofEntries(
              Map.entry("step", 1000L),
              Map.entry("config.name", "täst"),
              Map.entry("config.lr", 1e-3),
              Map.entry("config.k", 300L),
              Map.entry("config.big", 1L << 62),
              Map.entry("config.negative", -70000L),
              Map.entry("config.flag", true),
              Map.entry("config.pair.0", 1L),
              Map.entry("config.pair.1", "b"),
              Map.entry("5.int key", 70000L)),
          file.values());
      assertEquals(Optional.of(7L), file.integer("numbers.0"));
      assertEquals(Optional.of(1L << 40), file.integer("numbers.1"));
      assertEquals(Optional.of(300L), file.integer("config.k"));
      assertEquals(Optional.empty(), file.integer("k"));
      assertTrue(
          Refusal.of(FormatException.class, () -> file.integer("ae.F32"))
              .endsWith("tensor \"ae.F32\" is F32 [3, 4, 5]; it must be one whole number"));
    }
  }

  /** A dict {"w": tensor} whose tensor has these arguments after its storage. */
  private static String tensor(String arguments) {
    return "\u0080\2}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(("
        + (STORAGE + "tQ" + arguments + "\u0089NtRs.");
  }

  private Path torch(String pickle) throws IOException {
    return archive(
        Map.of(
            "archive/data.pkl",
            pickle.getBytes(StandardCharsets.ISO_8859_1),
            "archive/data/0",
            new byte[24]));
  }

  private Path archive(Map<String, byte[]> members) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> member : members.entrySet()) {
        ZipEntry entry = new ZipEntry(member.getKey());
        CRC32 crc = new CRC32();
        crc.update(member.getValue());
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(member.getValue().length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(member.getValue());
      }
    }
    Path path = folder.resolve("hostile.pt");
    Files.write(path, bytes.toByteArray());
    return path;
  }

  private static String refusal(Path path) {
    return Refusal.of(FormatException.class, () -> TorchFile.open(path).close())
        .substring(path.toString().length());
  }

  @Test
  void aPickleWrittenByHandIsRead() throws IOException {
    try (TorchFile file = TorchFile.open(torch(tensor("K\0K\2K\3\u0086K\3K\1\u0086")))) {
      assertEquals(List.of(2L, 3L), file.info("w").shape());
      assertEquals(Set.of("w"), file.tensors());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = true,
      value = {
        "K\\1K\\2K\\3\\x86K\\3K\\1\\x86 | shape [2, 3] with strides [3, 1] from number 1 on does not lie in its storage of 6 numbers",
        "K\\0K\\xffK\\1\\x86K\\0K\\1\\x86 | shape [255, 1] with strides [0, 1] from number 0 on does not lie in its storage of 6 numbers",
        "K\\0K\\2K\\3\\x86K\\4K\\1\\x86 | shape [2, 3] with strides [4, 1] from number 0 on does not lie in its storage of 6 numbers",
        "K\\0K\\2\\x85K\\1K\\1\\x86 | shape [2] with strides [1, 1] from number 0 on does not lie in its storage of 6 numbers",
        "K\\0J\\xff\\xff\\xff\\xff\\x85K\\1\\x85 | shape [-1] with strides [1] from number 0 on does not lie in its storage of 6 numbers",
        "K\\0(J\\xff\\xff\\xff\\x7fJ\\xff\\xff\\xff\\x7fJ\\xff\\xff\\xff\\x7ft(K\\1K\\1K\\1t | does not lie in its storage of 6 numbers",
        "K\\0(K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1K\\1t) | has 33 dimensions; at most 32 are read",
        "NK\\2\\x85K\\1\\x85 | makes a tensor of what is no storage, offset, shape and strides",
        "K\\0K\\2K\\1\\x85 | has a shape or strides that are no tuple",
      })
  void tensorsThatDoNotLieInTheirStorageAreRefused(String arguments, String problem)
      throws IOException {
    String message = refusal(torch(tensor(unescape(arguments))));
    assertTrue(message.contains(problem), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cos\\nsystem\\n(X\\2\\0\\0\\0lstR. | byte 0: GLOBAL names os.system, which is none of those of tensors; nothing is executed",
        "cbuiltins\\neval\\n. | byte 0: GLOBAL names builtins.eval, which is none of those of tensors; nothing is executed",
        "}\\x81. | byte 1: opcode 0x81 is none of those of tensors and plain values; nothing is executed",
        "(ios\\nsystem\\n. | byte 1: opcode 0x69 is none of those of tensors and plain values; nothing is executed",
        "X\\2\\0\\0\\0osX\\6\\0\\0\\0system\\x93. | byte 18: opcode 0x93 is none",
        "NNR. | byte 2: REDUCE calls what is no function of tensors",
        "ccollections\\nOrderedDict\\nN\\x85R. | byte 27: REDUCE makes an OrderedDict of values",
        "K | byte 0: BININT1 needs 1 bytes, more than there are",
        "X\\xff\\xff\\xff\\xff. | byte 0: BINUNICODE needs 4294967295 bytes, more than there are",
        "X\\1\\0\\0\\0\\xff. | byte 0: BINUNICODE has text that is not UTF-8",
        "} | byte 1: opcode is missing: the pickle has no STOP",
        ". | byte 0: STOP needs more values than there are",
        "}}. | byte 2: STOP leaves values over",
        "t. | byte 0: TUPLE has no mark before it",
        "}(s. | byte 2: SETITEM needs more values than there are",
        "}(Nu. | byte 3: SETITEMS has a key without a value",
        "}))s. | byte 3: SETITEM has a key that is neither text nor a whole number",
        "h\\7. | byte 0: BINGET asks for value 7, which was not remembered",
        "\\x8a\\xff. | byte 0: LONG1 has a whole number of 255 bytes; at most 8 are read",
        "NNb. | byte 2: BUILD gives attributes to what is no dict",
        "NQ. | byte 1: BINPERSID refers to what is no storage",
        "NNa. | byte 2: APPEND appends to what is no list",
        "\\x80\\x09N. | byte 0: PROTO names protocol 9",
      })
  void onlyValuesAndTensorsAreUnderstood(String pickle, String problem) throws IOException {
    String message = refusal(torch(unescape(pickle)));
    assertTrue(message.startsWith(": archive/data.pkl: " + problem), message);
  }

  private static String unescape(String text) {
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) != '\\') {
        bytes.append(text.charAt(i));
      } else if (text.charAt(++i) == 'x') {
        bytes.append((char) Integer.parseInt(text.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        bytes.append(text.charAt(i) == 'n' ? '\n' : (char) (text.charAt(i) - '0'));
      }
    }
    return bytes.toString();
  }

  @Test
  void aDictThatHoldsItselfIsRefused() throws IOException {
    String message = refusal(torch("}q\0X\1\0\0\0ah\0s."));
    assertTrue(message.contains("at most 100000 values, 32 levels"), message);
  }

  @Test
  void listsThatHoldTheSameListAgainAndAgainAreRefused() throws IOException {
    StringBuilder pickle = new StringBuilder("(]q\0(NNNNNNNNNNe");
    for (int i = 0; i < 7; i++) {
      pickle.append("]q").append((char) (i + 1));
      pickle.append('(').append(("h" + (char) i).repeat(10)).append('e');
    }
    String message = refusal(torch(pickle.append("t.").toString()));
    assertTrue(message.contains("at most 100000 values"), message);
  }

  @Test
  void aStorageOfAnotherSizeIsRefused() throws IOException {
    String message = refusal(torch(tensor("K\0K\2\u0085K\1\u0085").replace("cpuK\6", "cpuK\7")));
    assertEquals(
        ": member \"archive/data/0\" has 24 bytes; tensor \"w\" needs a storage of 7 numbers of F32",
        message);
  }

  @Test
  void aStorageThatIsMissingIsNamed() throws IOException {
    String pickle = tensor("K\0K\2\u0085K\1\u0085").replace("X\1\0\0\0000X\3", "X\1\0\0\0001X\3");
    assertEquals(": has no member \"archive/data/1\"", refusal(torch(pickle)));
  }

  @Test
  void bigEndianNumbersAreRefused() throws IOException {
    byte[] pickle = "}.".getBytes(StandardCharsets.ISO_8859_1);
    byte[] order = "big".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(
        ": member \"archive/byteorder\" is \"big\"; only \"little\" can be read",
        refusal(archive(Map.of("archive/data.pkl", pickle, "archive/byteorder", order))));
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    Path old = folder.resolve("old.pt");
    Files.write(
        old, "\u0080\2\u008a\nl\374\234F\371 j\250P\31.".getBytes(StandardCharsets.ISO_8859_1));
    assertEquals(": is no zip archive, or its end is missing", refusal(old));
    assertEquals(
        ": has 0 members NAME/data.pkl; a file of torch.save has one",
        refusal(GoldenArchives.path("stored.npz")));
  }

  @Test
  void aPickleThatIsTooLargeIsRefused() throws IOException {
    byte[] large = new byte[(2 << 20) + 1];
    Arrays.fill(large, (byte) '}');
    assertEquals(
        ": member \"archive/data.pkl\" has 2097153 bytes; at most 2097152 are read",
        refusal(archive(Map.of("archive/data.pkl", large))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"values.pt", "module.pt"})
  void damagedFilesAreReadOrRefusedInOneLine(String name) throws IOException {
    byte[] content = Files.readAllBytes(GoldenArchives.path(name));
    SplittableRandom random = new SplittableRandom(11);
    int refused = 0;
    Path path = folder.resolve("damaged.pt");
    for (int round = 0; round < 3000; round++) {
      Files.write(path, Damage.to(content, random));
      refused += isRefused(path) ? 1 : 0;
    }
    assertTrue(refused > 500, refused + " refused");
    assertFalse(refused == 3000, "damage to numbers is not seen");
  }

  private static boolean isRefused(Path path) throws IOException {
    try (TorchFile file = TorchFile.open(path)) {
      GoldenArchives.readEverything(file);
      return false;
    } catch (FormatException e) {
      Refusal.oneLine(e);
      return true;
    }
  }

  @Test
  void writtenTensorsAreReadAgain() throws IOException {
    Path path = folder.resolve("written.pt");
    float[] values = {1, -2.5f, 3, 0, Float.MIN_VALUE, 6};
    long[] groups = {1L << 40, -7};
    TorchWriter writer =
        new TorchWriter()
            .integer("k", 300)
            .tensor("a.weight", DType.F32, sink -> sink.floats(values, 0, 6), 2, 3)
            .tensor("groups", DType.I64, sink -> sink.longs(groups, 0, 2), 2)
            .tensor("empty", DType.F32, _ -> {}, 0, 4);
    writer.write(path);
    byte[] first = Files.readAllBytes(path);
    writer.write(path);
    assertArrayEquals(first, Files.readAllBytes(path));
    try (TorchFile file = TorchFile.open(path)) {
      assertEquals(List.of("k", "a.weight", "groups", "empty"), List.copyOf(file.tensors()));
      assertEquals(Optional.of(300L), file.integer("k"));
      assertEquals(List.of(2L, 3L), file.info("a.weight").shape());
      assertArrayEquals(values, GoldenArchives.floats(file, "a.weight"));
      assertEquals(DType.I64, file.info("groups").dtype());
      assertEquals(0, file.info("empty").size());
    }
  }

  @Test
  void numbersCanBeReadInPieces() throws IOException {
    try (TorchFile file = TorchFile.open(GoldenArchives.path("values.pt"))) {
      for (String name : List.of("ae.transposed", "ae.slice", "ae.F32")) {
        float[] whole = GoldenArchives.floats(file, name);
        float[] pieces = new float[whole.length];
        for (int first = 0; first < whole.length; first += 5) {
          int count = Math.min(5, whole.length - first);
          file.readFloats(file.info(name), first, pieces, first, count);
        }
        assertArrayEquals(whole, pieces);
      }
    }
  }
}
