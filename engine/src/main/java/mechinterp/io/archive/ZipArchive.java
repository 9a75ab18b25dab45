package mechinterp.io.archive;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import mechinterp.io.FormatException;

/**
 * The members of a zip archive in memory, stored or deflated, with zip64 sizes. The central
 * directory says what there is; every size in it is compared with the bytes that are there.
 *
 * <p>Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
 */
final class ZipArchive {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int LONGEST_COMMENT = 0xffff;
  private static final int END64_LOCATOR_SIGNATURE = 0x07064b50;
  private static final int END64_LOCATOR_BYTES = 20;
  private static final int END64_SIGNATURE = 0x06064b50;
  private static final int END64_BYTES = 56;
  private static final int ENTRY_SIGNATURE = 0x02014b50;
  private static final int ENTRY_BYTES = 46;
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int LOCAL_BYTES = 30;
  private static final int ZIP64_EXTRA = 1;
  private static final int ENCRYPTED = 1;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final long SEE_ZIP64 = 0xffffffffL;

  /** What deflate can at most make of a byte; RFC 1951's longest match from two bits. */
  private static final long LARGEST_RATIO = 1032;

  private static final int MOST_MEMBERS = 100_000;

  private final String source;
  private final MemorySegment file;
  private final Map<String, ZipMember> members = new LinkedHashMap<>();

  private ZipArchive(String source, MemorySegment file) {
    this.source = source;
    this.file = file;
  }

  /**
   * Reads the central directory.
   *
   * @param source what messages call the archive
   * @throws FormatException when the bytes are no zip archive, are cut off, or use what is not
   *     supported (encryption, other compression than deflate)
   */
  static ZipArchive of(String source, MemorySegment file) throws FormatException {
    ZipArchive archive = new ZipArchive(source, file);
    archive.readDirectory();
    return archive;
  }

  /** Returns the names of the members, in the archive's order. */
  Set<String> names() {
    return Collections.unmodifiableSet(members.keySet());
  }

  /**
   * Returns a member.
   *
   * @throws FormatException when there is none of that name
   */
  ZipMember member(String name) throws FormatException {
    ZipMember member = members.get(name);
    if (member == null) {
      throw new FormatException(source, "has no member \"" + name + "\"");
    }
    return member;
  }

  private void readDirectory() throws FormatException {
    long end = findEnd();
    long count = unsigned(SHORT, end + 10);
    long begin = unsigned(INT, end + 16);
    long locator = end - END64_LOCATOR_BYTES;
    if (locator >= 0 && file.get(INT, locator) == END64_LOCATOR_SIGNATURE) {
      long end64 = file.get(LONG, locator + 8);
      requireBytes("the zip64 end of the directory", end64, END64_BYTES);
      requireSignature("the zip64 end of the directory", end64, END64_SIGNATURE);
      count = file.get(LONG, end64 + 32);
      begin = file.get(LONG, end64 + 48);
    }
    if (count < 0 || count > MOST_MEMBERS) {
      throw failure("has %d members; at most %d are read".formatted(count, MOST_MEMBERS));
    }
    long at = begin;
    for (int i = 0; i < count; i++) {
      at = readEntry(at);
    }
  }

  private long findEnd() throws FormatException {
    long last = file.byteSize() - END_BYTES;
    for (long at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) {
      if (file.get(INT, at) == END_SIGNATURE) {
        return at;
      }
    }
    throw failure("is no zip archive, or its end is missing");
  }

  /** Reads an entry of the directory and returns where the next begins. */
  private long readEntry(long at) throws FormatException {
    requireBytes("an entry of the directory", at, ENTRY_BYTES);
    requireSignature("an entry of the directory", at, ENTRY_SIGNATURE);
    int nameBytes = (int) unsigned(SHORT, at + 28);
    int extraBytes = (int) unsigned(SHORT, at + 30);
    long next = at + ENTRY_BYTES + nameBytes + extraBytes + unsigned(SHORT, at + 32);
    requireBytes("an entry of the directory", at, next - at);
    byte[] bytes = file.asSlice(at + ENTRY_BYTES, nameBytes).toArray(ValueLayout.JAVA_BYTE);
    String name = new String(bytes, StandardCharsets.UTF_8);
    Zip64 sizes =
        new Zip64(
            unsigned(INT, at + 24),
            unsigned(INT, at + 20),
            unsigned(INT, at + 42),
            at + ENTRY_BYTES + nameBytes,
            extraBytes);
    if ((unsigned(SHORT, at + 8) & ENCRYPTED) != 0) {
      throw failure("member \"%s\" is encrypted".formatted(name));
    }
    ZipMember member = member(name, (int) unsigned(SHORT, at + 10), sizes, file.get(INT, at + 16));
    if (members.put(name, member) != null) {
      throw failure("has member \"%s\" twice".formatted(name));
    }
    return next;
  }

  private ZipMember member(String name, int method, Zip64 sizes, int crc) throws FormatException {
    if (method != STORED && method != DEFLATED) {
      throw failure(
          "member \"%s\" is compressed by method %d; only stored (0) and deflated (8) can be read"
              .formatted(name, method));
    }
    boolean deflated = method == DEFLATED;
    boolean possible =
        deflated
            ? sizes.size >= 0 && sizes.size / LARGEST_RATIO <= sizes.compressed
            : sizes.size == sizes.compressed;
    if (!possible) {
      throw failure(
          "member \"%s\" is said to have %d bytes from %d in the archive"
              .formatted(name, sizes.size, sizes.compressed));
    }
    String header = "the header of member \"" + name + "\"";
    requireBytes(header, sizes.offset, LOCAL_BYTES);
    requireSignature(header, sizes.offset, LOCAL_SIGNATURE);
    long begin =
        sizes.offset
            + LOCAL_BYTES
            + unsigned(SHORT, sizes.offset + 26)
            + unsigned(SHORT, sizes.offset + 28);
    requireBytes("member \"" + name + "\"", begin, sizes.compressed);
    MemorySegment stored = file.asSlice(begin, sizes.compressed);
    return new ZipMember(source, name, deflated, stored, sizes.size, crc);
  }

  /** The sizes of an entry, from its extra field where they do not fit into 32 bits. */
  private final class Zip64 {
    private long size;
    private long compressed;
    private long offset;

    Zip64(long size, long compressed, long offset, long extra, int extraBytes)
        throws FormatException {
      this.size = size;
      this.compressed = compressed;
      this.offset = offset;
      long end = extra + extraBytes;
      for (long at = extra; at + 4 <= end; at += 4 + unsigned(SHORT, at + 2)) {
        if (unsigned(SHORT, at) == ZIP64_EXTRA) {
          read(at + 4, Math.min(end, at + 4 + unsigned(SHORT, at + 2)));
          return;
        }
      }
    }

    private void read(long begin, long end) throws FormatException {
      long at = begin;
      if (size == SEE_ZIP64) {
        size = next(at, end);
        at += Long.BYTES;
      }
      if (compressed == SEE_ZIP64) {
        compressed = next(at, end);
        at += Long.BYTES;
      }
      if (offset == SEE_ZIP64) {
        offset = next(at, end);
      }
    }

    private long next(long at, long end) throws FormatException {
      if (at + Long.BYTES > end) {
        throw failure("has a zip64 field at byte %d that is too short".formatted(at));
      }
      return file.get(LONG, at);
    }
  }

  private long unsigned(ValueLayout.OfShort layout, long at) {
    return Short.toUnsignedLong(file.get(layout, at));
  }

  private long unsigned(ValueLayout.OfInt layout, long at) {
    return Integer.toUnsignedLong(file.get(layout, at));
  }

  private void requireBytes(String what, long at, long count) throws FormatException {
    if (at < 0 || count < 0 || at > file.byteSize() || count > file.byteSize() - at) {
      throw failure(
          "%s lies at byte %d with %d bytes; the file has %d"
              .formatted(what, at, count, file.byteSize()));
    }
  }

  private void requireSignature(String what, long at, int signature) throws FormatException {
    if (file.get(INT, at) != signature) {
      throw failure("%s should lie at byte %d; its signature is missing there".formatted(what, at));
    }
  }

  private FormatException failure(String problem) {
    return new FormatException(source, problem);
  }
}
