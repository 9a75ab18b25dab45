package mechinterp.io.archive;

import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import mechinterp.io.TensorSink;

/**
 * Writes the members of a zip archive without compressing them, as PyTorch and NumPy do. A tensor's
 * source is asked twice: the checksum of a member stands before its bytes.
 */
final class StoredMembers implements AutoCloseable {
  private final ZipOutputStream zip;

  StoredMembers(OutputStream out) {
    zip = new ZipOutputStream(out);
  }

  void add(String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    begin(name, content.length, crc);
    zip.write(content);
  }

  /** Adds a tensor's numbers behind some bytes. */
  void add(String name, byte[] head, PlannedTensors.Planned tensor) throws IOException {
    CRC32 crc = new CRC32();
    write(head, tensor, new CheckedOutputStream(OutputStream.nullOutputStream(), crc));
    begin(name, head.length + tensor.info().end(), crc);
    write(head, tensor, zip);
  }

  private static void write(byte[] head, PlannedTensors.Planned tensor, OutputStream out)
      throws IOException {
    out.write(head);
    TensorSink sink = new TensorSink(tensor.info(), out);
    tensor.source().writeTo(sink);
    sink.finish();
  }

  private void begin(String name, long size, CRC32 crc) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(size);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
