package mechinterp.io.archive;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import mechinterp.io.AtomicFile;
import mechinterp.io.DType;
import mechinterp.io.SafetensorsWriter;

/**
 * Writes an {@code .npz} as NumPy's {@code savez} does: arrays of 32-bit floats, row-major, not
 * compressed. The same arrays give the same bytes. Each source is asked twice: zip archives want
 * the checksum of a member before its bytes.
 *
 * <p>Source: numpy/lib/format.py.
 */
public final class NumpyWriter {
  private static final int ALIGNMENT = 64;

  /** Magic, version 1.0 and the two bytes of the header's length. */
  private static final int PREFIX = 10;

  private final PlannedTensors arrays = new PlannedTensors();

  /**
   * Adds an array of 32-bit floats whose numbers come when its turn does.
   *
   * @throws IllegalArgumentException when the name is taken
   */
  public NumpyWriter floats(String name, SafetensorsWriter.Source source, long... shape) {
    arrays.add(name, DType.F32, source, shape);
    return this;
  }

  /**
   * Writes the file, in place of one that may be there; it appears whole or not at all.
   *
   * @throws IOException when the disk is full or refuses, or a source throws it
   * @throws IllegalArgumentException when a source hands over more or fewer numbers than its shape
   *     has
   */
  public void write(Path target) throws IOException {
    AtomicFile.write(target, this::writeTo);
  }

  private void writeTo(OutputStream out) throws IOException {
    try (StoredMembers members = new StoredMembers(out)) {
      for (PlannedTensors.Planned array : arrays.all()) {
        members.add(array.info().name() + ".npy", header(array.info().shape()), array);
      }
    }
  }

  /** A tuple of one number has a comma behind it; spaces bring the numbers to a multiple of 64. */
  private static byte[] header(List<Long> shape) {
    String lengths = shape.stream().map(String::valueOf).collect(Collectors.joining(", "));
    String fields =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%s%s), }"
            .formatted(lengths, shape.size() == 1 ? "," : "");
    int length = Math.ceilDiv(PREFIX + fields.length() + 1, ALIGNMENT) * ALIGNMENT - PREFIX;
    String text =
        "\u0093NUMPY\u0001\u0000"
            + (char) (length & 0xff)
            + (char) (length >> Byte.SIZE)
            + fields
            + " ".repeat(length - fields.length() - 1)
            + "\n";
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
