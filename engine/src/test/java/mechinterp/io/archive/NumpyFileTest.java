package mechinterp.io.archive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
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

class NumpyFileTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"stored.npz", "deflated.npz"})
  void numbersAreThoseThatNumpyReads(String name) throws IOException {
    try (NumpyFile file = NumpyFile.open(GoldenArchives.path(name))) {
      GoldenArchives.requireFloats(GoldenArchives.path("arrays.safetensors"), file);
      assertEquals(DType.I32, file.info("i4").dtype());
      assertEquals(List.of(2L, 3L), file.info("i4").shape());
      assertEquals(DType.I64, file.info("i8").dtype());
    }
  }

  private static byte[] array(String header, int data) {
    byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer bytes = ByteBuffer.allocate(10 + text.length + data).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    bytes.putShort((short) text.length).put(text);
    return bytes.array();
  }

  private Path archive(String member, byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry(member));
      zip.write(content);
    }
    Path path = folder.resolve("hostile.npz");
    Files.write(path, bytes.toByteArray());
    return path;
  }

  private static String refusal(Path path) {
    return Refusal.of(
            FormatException.class,
            () -> {
              try (NumpyFile file = NumpyFile.open(path)) {
                GoldenArchives.readEverything(file);
              }
            })
        .substring(path.toString().length());
  }

  @Test
  void aHeaderInAnotherOrderIsRead() throws IOException {
    String header = "{ 'shape' : ( 2 , 3 ), 'fortran_order':True,'descr' :'<f4'}  \n";
    try (NumpyFile file = NumpyFile.open(archive("w.npy", array(header, 24)))) {
      assertEquals(List.of(2L, 3L), file.info("w").shape());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{'descr': '|O', 'fortran_order': False, 'shape': (3,)} ~ has numbers of descr '|O'; it must be <f4, <f2, <f8, <i4 or <i8",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (3,)} ~ has numbers of descr '>f4'; it must be <f4, <f2, <f8, <i4 or <i8",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)} ~ it must be a dict of plain values",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (3,)} ~ it must be a dict of plain values",
        "{'descr': '<f4', 'fortran_order': '1', 'shape': (3,)} ~ has fortran_order '1'; it must be True or False",
        "{'descr': '<f4', 'shape': (3,)} ~ has a header without fortran_order",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)} ~ has shape (-3,); it must be a tuple of whole numbers",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)} ~ it must be a tuple of whole numbers",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} + 1 ~ it must be a dict of plain values",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} ~ has 12 bytes of data; shape [2] of F32 needs 8",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} ~ does not lie in its storage of 3 numbers",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)} ~ does not lie in its storage of 3 numbers",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1000000000, 0)} ~ has 12 bytes of data; shape [1000000000, 0] of F32 needs 0",
      })
  void headersThatDoNotFitAreRefused(String header, String problem) throws IOException {
    String message = refusal(archive("w.npy", array(header, 12)));
    assertTrue(message.contains(problem), message);
  }

  @Test
  void whatIsNoArrayIsRefused() throws IOException {
    assertEquals(
        ": member \"w.txt\" is no array; every member of a .npz file is a NAME.npy",
        refusal(archive("w.txt", new byte[3])));
    assertEquals(
        ": w.npy: does not begin as an array of NumPy's format",
        refusal(archive("w.npy", new byte[300])));
    byte[] long3 = array("{}", 4);
    long3[6] = 3;
    assertTrue(refusal(archive("w.npy", long3)).contains("has a header of"));
  }

  /** A megabyte that says it is 100 GB: refused by its sizes, before anything is inflated. */
  @Test
  void moreThanDeflateCanMakeIsRefused() throws IOException {
    byte[] content = Files.readAllBytes(archive("w.npy", new byte[1 << 20]));
    int entry = directory(content);
    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putInt(entry + 24, -2);
    Path path = folder.resolve("bomb.npz");
    Files.write(path, content);
    String message = refusal(path);
    assertTrue(message.contains("is said to have 4294967294 bytes from "), message);
  }

  private static int directory(byte[] zip) {
    return ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).getInt(zip.length - 6);
  }

  @ParameterizedTest
  @CsvSource({
    "8, 1, member \"w.npy\" is encrypted",
    "10, 12, 'member \"w.npy\" is compressed by method 12; only stored (0) and deflated (8) can be read'",
    "42, 99, the header of member \"w.npy\" should lie at byte",
    "16, 1, 'member \"w.npy\" has another CRC-32 than the archive says; it is damaged'",
    "24, 1, 'inflates to'",
  })
  void whatCannotBeReadIsNamed(int field, int value, String problem) throws IOException {
    String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4096,)}";
    byte[] content = Files.readAllBytes(archive("w.npy", array(header, 4 * 4096)));
    content[directory(content) + field] = (byte) value;
    if (field == 24) {
      content[directory(content) + 25] = 65;
    }
    Path path = folder.resolve("changed.npz");
    Files.write(path, content);
    String message = refusal(path);
    assertTrue(message.contains(problem), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stored.npz", "deflated.npz"})
  void damagedFilesAreReadOrRefusedInOneLine(String name) throws IOException {
    byte[] content = Files.readAllBytes(GoldenArchives.path(name));
    SplittableRandom random = new SplittableRandom(12);
    int refused = 0;
    Path path = folder.resolve("damaged.npz");
    for (int round = 0; round < 3000; round++) {
      Files.write(path, Damage.to(content, random));
      refused += isRefused(path) ? 1 : 0;
    }
    assertTrue(refused > 500, refused + " refused");
    assertFalse(refused == 3000, "some damage does no harm");
  }

  private static boolean isRefused(Path path) throws IOException {
    try (NumpyFile file = NumpyFile.open(path)) {
      GoldenArchives.readEverything(file);
      return false;
    } catch (FormatException e) {
      Refusal.oneLine(e);
      return true;
    }
  }
}
