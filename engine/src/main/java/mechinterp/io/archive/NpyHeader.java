package mechinterp.io.archive;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.io.DType;
import mechinterp.io.FormatException;

/**
 * The header of an array in NumPy's format, versions 1 to 3: {@code \x93NUMPY}, version, length,
 * and a Python dict with descr, fortran_order and shape.
 *
 * <p>Source: numpy/lib/format.py.
 *
 * @param dtype the kind of the numbers
 * @param fortranOrder whether the first dimension is the fastest
 * @param shape the dimensions
 * @param bytes how many bytes stand before the numbers
 */
record NpyHeader(DType dtype, boolean fortranOrder, List<Long> shape, int bytes) {
  /** A header that is longer is refused. */
  static final int LARGEST = 1 << 16;

  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern ITEM =
      Pattern.compile("\\s*'(\\w{1,40})'\\s*:\\s*('[^']*'|True|False|\\([^()]*\\))\\s*(,|\\})");
  private static final Pattern SHAPE =
      Pattern.compile("\\(\\s*(?:(\\d+(?:\\s*,\\s*\\d+)*)\\s*,?)?\\s*\\)");

  NpyHeader {
    shape = List.copyOf(shape);
  }

  /**
   * Reads a header.
   *
   * @param source what messages call the array
   * @param beginning the first bytes, {@link #LARGEST} or all that there are
   */
  static NpyHeader parse(String source, byte[] beginning) throws FormatException {
    ByteBuffer in = ByteBuffer.wrap(beginning).order(ByteOrder.LITTLE_ENDIAN);
    boolean begun =
        beginning.length >= 12 && Arrays.equals(beginning, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    if (!begun) {
      throw new FormatException(source, "does not begin as an array of NumPy's format");
    }
    int version = beginning[MAGIC.length];
    if (version < 1 || version > 3) {
      throw new FormatException(
          source, "is of version %d of NumPy's format; 1 to 3 can be read".formatted(version));
    }
    int begin = version == 1 ? 10 : 12;
    long length = version == 1 ? Short.toUnsignedLong(in.getShort(8)) : in.getInt(8);
    if (length < 0 || length > beginning.length - begin) {
      throw new FormatException(
          source,
          "has a header of %s bytes; at most %d are read, and there are %d"
              .formatted(Long.toUnsignedString(length), LARGEST, beginning.length - begin));
    }
    String text = new String(beginning, begin, (int) length, StandardCharsets.ISO_8859_1);
    return of(source, items(source, text), begin + (int) length);
  }

  private static Map<String, String> items(String source, String text) throws FormatException {
    Map<String, String> items = new HashMap<>();
    if (text.startsWith("{")) {
      Matcher item = ITEM.matcher(text).region(1, text.length());
      while (item.lookingAt()) {
        items.put(item.group(1), item.group(2));
        String rest = text.substring(item.end()).strip();
        if (item.group(3).equals("}") ? rest.isEmpty() : rest.equals("}")) {
          return items;
        }
        item.region(item.end(), text.length());
      }
    }
    throw new FormatException(
        source, "has a header \"%s\"; it must be a dict of plain values".formatted(text.strip()));
  }

  private static NpyHeader of(String source, Map<String, String> items, int bytes)
      throws FormatException {
    return new NpyHeader(
        dtype(source, item(source, items, "descr")),
        flag(source, item(source, items, "fortran_order")),
        shape(source, item(source, items, "shape")),
        bytes);
  }

  private static String item(String source, Map<String, String> items, String name)
      throws FormatException {
    String value = items.get(name);
    if (value == null) {
      throw new FormatException(source, "has a header without %s".formatted(name));
    }
    return value;
  }

  private static DType dtype(String source, String descr) throws FormatException {
    return switch (descr) {
      case "'<f4'" -> DType.F32;
      case "'<f2'" -> DType.F16;
      case "'<f8'" -> DType.F64;
      case "'<i4'" -> DType.I32;
      case "'<i8'" -> DType.I64;
      default ->
          throw new FormatException(
              source,
              "has numbers of descr %s; it must be <f4, <f2, <f8, <i4 or <i8".formatted(descr));
    };
  }

  private static boolean flag(String source, String value) throws FormatException {
    if (!value.equals("True") && !value.equals("False")) {
      throw new FormatException(
          source, "has fortran_order %s; it must be True or False".formatted(value));
    }
    return value.equals("True");
  }

  private static List<Long> shape(String source, String value) throws FormatException {
    Matcher matcher = SHAPE.matcher(value);
    List<Long> shape = new ArrayList<>();
    try {
      if (!matcher.matches()) {
        throw new NumberFormatException(value);
      }
      if (matcher.group(1) != null) {
        for (String length : matcher.group(1).split(",", -1)) {
          shape.add(Long.parseLong(length.strip()));
        }
      }
    } catch (NumberFormatException e) {
      throw new FormatException(
          source, "has shape %s; it must be a tuple of whole numbers".formatted(value), e);
    }
    return shape;
  }
}
