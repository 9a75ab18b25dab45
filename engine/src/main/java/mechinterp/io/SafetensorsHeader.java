package mechinterp.io;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads and checks the JSON header of a safetensors file. It is read token by token, so that a
 * large header does not become a larger tree.
 *
 * <p>Source: the format's description in the README of huggingface/safetensors.
 */
final class SafetensorsHeader {
  private static final String METADATA = "__metadata__";
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final String file;
  private final long dataBytes;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafetensorsHeader(String file, long dataBytes) {
    this.file = file;
    this.dataBytes = dataBytes;
  }

  /**
   * Reads a header.
   *
   * @param dataBytes how many bytes follow the header in the file
   */
  static SafetensorsHeader parse(String file, byte[] header, long dataBytes)
      throws FormatException {
    SafetensorsHeader parsed = new SafetensorsHeader(file, dataBytes);
    if (header.length == 0 || header[0] != '{') {
      throw parsed.problem("does not begin with {");
    }
    String text = parsed.decode(header);
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), text)) {
      parsed.readTensors(json);
    } catch (JacksonException e) {
      throw new FormatException(file, "header: " + e.getOriginalMessage(), e);
    }
    parsed.requireSeamless();
    return parsed;
  }

  Map<String, TensorInfo> tensors() {
    return tensors;
  }

  Map<String, String> metadata() {
    return metadata;
  }

  private String decode(byte[] header) throws FormatException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException(file, "header: is not UTF-8; it must be JSON in UTF-8", e);
    }
  }

  private void readTensors(JsonParser json) throws FormatException {
    require(json.nextToken(), JsonToken.START_OBJECT, "header");
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      if (name.equals(METADATA)) {
        readMetadata(json);
      } else {
        tensors.put(name, readTensor(json, name));
      }
    }
    if (json.nextToken() != null) {
      throw problem("goes on after the closing }; only spaces may follow");
    }
  }

  private void readMetadata(JsonParser json) throws FormatException {
    require(json.nextToken(), JsonToken.START_OBJECT, METADATA);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String key = json.currentName();
      require(json.nextToken(), JsonToken.VALUE_STRING, METADATA + "." + key);
      metadata.put(key, json.getString());
    }
  }

  private TensorInfo readTensor(JsonParser json, String name) throws FormatException {
    String at = "tensor \"" + name + "\"";
    Optional<DType> dtype = Optional.empty();
    Optional<long[]> shape = Optional.empty();
    Optional<long[]> offsets = Optional.empty();
    require(json.nextToken(), JsonToken.START_OBJECT, at);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (json.currentName()) {
        case "dtype" -> dtype = Optional.of(readDtype(json, at));
        case "shape" -> shape = Optional.of(readNumbers(json, at + ": shape"));
        case "data_offsets" -> offsets = Optional.of(readNumbers(json, at + ": data_offsets"));
        default ->
            throw problem(
                at
                    + " has a field \""
                    + json.currentName()
                    + "\"; a tensor has dtype, shape and data_offsets");
      }
    }
    return tensor(
        name,
        dtype.orElseThrow(() -> missing(at, "dtype")),
        shape.orElseThrow(() -> missing(at, "shape")),
        offsets.orElseThrow(() -> missing(at, "data_offsets")));
  }

  private FormatException missing(String at, String field) {
    return problem(at + " has no " + field);
  }

  private DType readDtype(JsonParser json, String at) throws FormatException {
    require(json.nextToken(), JsonToken.VALUE_STRING, at + ": dtype");
    String name = json.getString();
    for (DType dtype : DType.values()) {
      if (dtype.name().equals(name)) {
        return dtype;
      }
    }
    throw problem(
        at + ": dtype is \"" + name + "\"; supported are " + Arrays.toString(DType.values()));
  }

  private long[] readNumbers(JsonParser json, String at) throws FormatException {
    require(json.nextToken(), JsonToken.START_ARRAY, at);
    List<Long> numbers = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      require(json.currentToken(), JsonToken.VALUE_NUMBER_INT, at);
      long number = json.getLongValue();
      if (number < 0) {
        throw problem(at + " has " + number + "; it must not be negative");
      }
      numbers.add(number);
    }
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private TensorInfo tensor(String name, DType dtype, long[] shape, long[] offsets)
      throws FormatException {
    String at = "tensor \"" + name + "\"";
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw problem(
          at + ": data_offsets is " + Arrays.toString(offsets) + "; it must be [begin, end]");
    }
    if (offsets[1] > dataBytes) {
      throw problem(
          "%s: data_offsets is %s, the file has %d bytes of data; it is truncated or the header is wrong"
              .formatted(at, Arrays.toString(offsets), dataBytes));
    }
    long bytes = bytes(at, dtype, shape);
    if (bytes != offsets[1] - offsets[0]) {
      throw problem(
          "%s: data_offsets %s hold %d bytes; %s %s has %d"
              .formatted(
                  at,
                  Arrays.toString(offsets),
                  offsets[1] - offsets[0],
                  dtype,
                  Arrays.toString(shape),
                  bytes));
    }
    List<Long> dimensions = Arrays.stream(shape).boxed().toList();
    return new TensorInfo(name, dtype, dimensions, offsets[0], offsets[1]);
  }

  private long bytes(String at, DType dtype, long[] shape) throws FormatException {
    try {
      long size = dtype.bytes();
      for (long dimension : shape) {
        size = Math.multiplyExact(size, dimension);
      }
      return size;
    } catch (ArithmeticException e) {
      String problem = "shape " + Arrays.toString(shape) + " has more than 2^63 bytes";
      throw new FormatException(file, "header: " + at + ": " + problem, e);
    }
  }

  /** Checks that the tensors cover the data without overlap, hole or rest. */
  private void requireSeamless() throws FormatException {
    long covered = 0;
    List<TensorInfo> inOrder = new ArrayList<>(tensors.values());
    inOrder.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
    for (TensorInfo tensor : inOrder) {
      if (tensor.begin() != covered) {
        throw problem(
            "tensor \"%s\" begins at byte %d of the data, the one before it ends at %d; tensors must follow one another without overlap or hole"
                .formatted(tensor.name(), tensor.begin(), covered));
      }
      covered = tensor.end();
    }
    if (covered != dataBytes) {
      throw problem(
          "its tensors cover %d bytes, the file has %d bytes of data; they must be equal"
              .formatted(covered, dataBytes));
    }
  }

  private void require(@Nullable JsonToken found, JsonToken expected, String at)
      throws FormatException {
    if (found != expected) {
      throw problem(at + " is " + describe(found) + "; it must be " + describe(expected));
    }
  }

  private static String describe(@Nullable JsonToken token) {
    return switch (token) {
      case null -> "missing";
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT -> "a whole number";
      case VALUE_NUMBER_FLOAT -> "a number that is not whole";
      case VALUE_TRUE, VALUE_FALSE -> "true or false";
      case VALUE_NULL -> "null";
      case END_ARRAY, END_OBJECT, PROPERTY_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
          "something else";
    };
  }

  private FormatException problem(String problem) {
    return new FormatException(file, "header: " + problem);
  }
}
