package mechinterp.io;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a GGUF file says about its model: values by keys such as {@code general.architecture}. Each
 * getter refuses a missing key and a value of another kind in one line that names file and key; the
 * getters with a fallback give it when the key is missing, but refuse other kinds too.
 *
 * <p>Source: docs/gguf.md of ggml-org/ggml.
 */
public final class GgufMetadata {
  private static final int LONGEST_SHOWN = 60;

  private final String file;
  private final Map<String, Object> values;

  /**
   * @param values of String, Long, Float, Double, Boolean, {@code List<String>}, long[], float[],
   *     double[] or boolean[]
   */
  GgufMetadata(String file, Map<String, Object> values) {
    this.file = file;
    this.values = values;
  }

  /** Returns the keys, in the file's order. */
  public Set<String> keys() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /** Returns whether there is a value of this key. */
  public boolean contains(String key) {
    return values.containsKey(key);
  }

  /** Returns whether the value of a key is an array. */
  public boolean isArray(String key) throws FormatException {
    return switch (value(key)) {
      case List<?> _, long[] _, float[] _, double[] _, boolean[] _ -> true;
      default -> false;
    };
  }

  /** Returns a text. */
  public String string(String key) throws FormatException {
    return switch (value(key)) {
      case String text -> text;
      case Object other -> throw wrongKind(key, other, "a text");
    };
  }

  /** Returns a text, or the fallback. */
  public String string(String key, String fallback) throws FormatException {
    return contains(key) ? string(key) : fallback;
  }

  /** Returns a whole number of any of the file's widths that fits an int. */
  public int integer(String key) throws FormatException {
    return switch (value(key)) {
      case Long number -> fittingInt(key, number);
      case Object other -> throw wrongKind(key, other, "a whole number");
    };
  }

  /** Returns a whole number, or the fallback. */
  public int integer(String key, int fallback) throws FormatException {
    return contains(key) ? integer(key) : fallback;
  }

  /** Returns a number, whole or not. */
  public double number(String key) throws FormatException {
    return switch (value(key)) {
      case Number number -> number.doubleValue();
      case Object other -> throw wrongKind(key, other, "a number");
    };
  }

  /** Returns a number, or the fallback. */
  public double number(String key, double fallback) throws FormatException {
    return contains(key) ? number(key) : fallback;
  }

  /** Returns true or false. */
  public boolean bool(String key) throws FormatException {
    return switch (value(key)) {
      case Boolean flag -> flag;
      case Object other -> throw wrongKind(key, other, "true or false");
    };
  }

  /** Returns true or false, or the fallback. */
  public boolean bool(String key, boolean fallback) throws FormatException {
    return contains(key) ? bool(key) : fallback;
  }

  /** Returns an array of texts. */
  public List<String> strings(String key) throws FormatException {
    return switch (value(key)) {
      case List<?> texts -> texts.stream().map(String.class::cast).toList();
      case Object other -> throw wrongKind(key, other, "an array of texts");
    };
  }

  /** Returns an array of whole numbers that fit ints. */
  public int[] integers(String key) throws FormatException {
    switch (value(key)) {
      case long[] numbers -> {
        int[] integers = new int[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
          integers[i] = fittingInt(key + "[" + i + "]", numbers[i]);
        }
        return integers;
      }
      case Object other -> throw wrongKind(key, other, "an array of whole numbers");
    }
  }

  /** Returns an array of floats; those of 64 bits are rounded. */
  public float[] floats(String key) throws FormatException {
    switch (value(key)) {
      case float[] numbers -> {
        return numbers.clone();
      }
      case double[] numbers -> {
        float[] floats = new float[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
          floats[i] = (float) numbers[i];
        }
        return floats;
      }
      case Object other -> throw wrongKind(key, other, "an array of floats");
    }
  }

  /** Returns an array of true and false. */
  public boolean[] bools(String key) throws FormatException {
    return switch (value(key)) {
      case boolean[] flags -> flags.clone();
      case Object other -> throw wrongKind(key, other, "an array of true and false");
    };
  }

  /** Returns a value as one may show it on a line: long texts are cut, arrays counted. */
  public String describe(String key) throws FormatException {
    Object value = value(key);
    String text = isArray(key) ? kind(value) : value.toString();
    return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + " ...";
  }

  private Object value(String key) throws FormatException {
    Object value = values.get(key);
    if (value == null) {
      throw new FormatException(file, "metadata has no " + key);
    }
    return value;
  }

  private int fittingInt(String key, long number) throws FormatException {
    if (number != (int) number) {
      throw new FormatException(
          file, "metadata %s is %d; it must fit 32 bits".formatted(key, number));
    }
    return (int) number;
  }

  private FormatException wrongKind(String key, Object value, String expected) {
    return new FormatException(
        file, "metadata %s is %s; it must be %s".formatted(key, kind(value), expected));
  }

  private static String kind(Object value) {
    return switch (value) {
      case String _ -> "a text";
      case Long number -> "the whole number " + number;
      case Number number -> "the number " + number;
      case Boolean flag -> flag.toString();
      case List<?> texts -> "an array of %d texts".formatted(texts.size());
      case long[] numbers -> "an array of %d whole numbers".formatted(numbers.length);
      case boolean[] flags -> "an array of %d true and false".formatted(flags.length);
      case float[] numbers -> "an array of %d floats".formatted(numbers.length);
      case double[] numbers -> "an array of %d floats".formatted(numbers.length);
      default -> throw new AssertionError(value.getClass());
    };
  }
}
