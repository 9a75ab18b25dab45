package mechinterp.io;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JacksonException.Reference;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.core.util.Separators.Spacing;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.EnumNamingStrategies;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.cfg.MutableCoercionConfig;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedParameter;
import tools.jackson.databind.introspect.JacksonAnnotationIntrospector;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.type.LogicalType;

/**
 * Records as JSON, strictly: a field that is unknown, missing, twice there, null or of another kind
 * is refused by its path. Names are those of the record in snake_case, also for enum constants; a
 * component of type {@link Optional} may be missing.
 */
public final class Json {
  private static final JsonMapper STRICT = strict().build();
  private static final JsonMapper SORTED =
      strict()
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .disable(MapperFeature.SORT_CREATOR_PROPERTIES_FIRST)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  private Json() {}

  /**
   * Reads a file.
   *
   * @throws FormatException {@code FILE: field a.b: ...} when the content is not exactly what
   *     {@code type} holds
   * @throws IOException when the file cannot be read
   */
  public static <T> T read(Path file, Class<T> type) throws IOException {
    return read(file.toString(), bytes(file), type);
  }

  /**
   * Reads a stream to its end, without closing it.
   *
   * @param name what messages call it
   */
  public static <T> T read(String name, InputStream in, Class<T> type) throws IOException {
    return read(name, in.readAllBytes(), type);
  }

  /**
   * Reads a file as a tree, for files whose fields are another program's to choose. Duplicate
   * fields and broken JSON are refused all the same.
   */
  public static JsonNode tree(Path file) throws IOException {
    return read(file, JsonNode.class);
  }

  /** Writes a value as indented JSON; the file appears whole or not at all. */
  public static void write(Path file, Object value) throws IOException {
    byte[] text = (pretty(value) + "\n").getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, out -> out.write(text));
  }

  /** Returns a value as the tree that {@link #tree} would read. */
  public static JsonNode node(Object value) {
    return STRICT.readTree(STRICT.writeValueAsString(value));
  }

  /**
   * Returns the value that a part of a tree stands for.
   *
   * @param name what messages call it
   * @throws FormatException as {@link #read(Path, Class)}
   */
  public static <T> T value(String name, JsonNode node, Class<T> type) throws FormatException {
    return read(name, STRICT.writeValueAsBytes(node), type);
  }

  /**
   * Returns a value with some of its fields changed: objects field by field, anything else as a
   * whole; null takes a field away.
   *
   * @param name what messages call the result
   * @throws FormatException {@code NAME: field a.b: ...} when the result is not exactly what {@code
   *     type} holds
   */
  public static <T> T changed(String name, T value, JsonNode changes, Class<T> type)
      throws FormatException {
    JsonNode tree = node(value);
    merge(tree, changes);
    return value(name, tree, type);
  }

  private static void merge(JsonNode tree, JsonNode changes) {
    if (tree instanceof ObjectNode object) {
      changes.forEachEntry((field, change) -> {
        if (change.isNull()) {
          var _ = object.remove(field);
        } else if (change.isObject() && object.path(field).isObject()) {
          merge(object.path(field), change);
        } else {
          var _ = object.set(field, change);
        }
      });
    }
  }

  /** Returns a value as indented JSON, fields in the order of declaration. */
  public static String pretty(Object value) {
    return STRICT.writer().with(printer()).writeValueAsString(value);
  }

  /** Returns a value as JSON on one line, fields in the order of declaration. */
  public static String compact(Object value) {
    return STRICT.writeValueAsString(value);
  }

  /**
   * Returns a value as JSON on one line, fields sorted by name: equal values give equal text, as a
   * hash needs it.
   */
  public static String canonical(Object value) {
    return SORTED.writeValueAsString(value);
  }

  private static JsonMapper.Builder strict() {
    return JsonMapper.builder()
        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .enumNamingStrategy(EnumNamingStrategies.SNAKE_CASE)
        .annotationIntrospector(new AllButOptionalsRequired())
        .changeDefaultPropertyInclusion(
            _ -> JsonInclude.Value.construct(Include.NON_ABSENT, Include.ALWAYS))
        .changeDefaultNullHandling(_ -> JsonSetter.Value.forContentNulls(Nulls.FAIL))
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
        .enable(MapperFeature.INFER_RECORD_GETTERS_FROM_COMPONENTS_ONLY)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .withCoercionConfig(LogicalType.Textual, Json::nothingButText)
        .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY);
  }

  private static void nothingButText(MutableCoercionConfig config) {
    config
        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
        .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
        .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
  }

  private static DefaultPrettyPrinter printer() {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    Separators separators =
        Separators.createDefaultInstance().withObjectNameValueSpacing(Spacing.AFTER);
    return new DefaultPrettyPrinter(separators)
        .withObjectIndenter(indenter)
        .withArrayIndenter(indenter);
  }

  private static byte[] bytes(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  /**
   * Reads bytes.
   *
   * @param name what messages call them
   * @throws FormatException as {@link #read(Path, Class)}
   */
  public static <T> T read(String name, byte[] content, Class<T> type) throws FormatException {
    try {
      return Optional.ofNullable(STRICT.readValue(decode(name, content), type))
          .orElseThrow(() -> new FormatException(name, "holds null; it must hold a value"));
    } catch (JacksonException e) {
      throw new FormatException(name, path(e) + problem(e), e);
    }
  }

  private static String decode(String name, byte[] content) throws FormatException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException(name, "is not UTF-8; it must be JSON in UTF-8", e);
    }
  }

  private static String path(JacksonException e) {
    String path =
        e.getPath().stream().map(Json::step).collect(Collectors.joining()).replaceFirst("^\\.", "");
    return path.isEmpty() ? "" : "field " + path + ": ";
  }

  private static String step(Reference reference) {
    return Optional.ofNullable(reference.getPropertyName())
        .map(name -> "." + name)
        .orElse("[" + reference.getIndex() + "]");
  }

  private static String problem(JacksonException e) {
    if (e instanceof UnrecognizedPropertyException unknown) {
      return "is unknown; known are " + new TreeSet<>(unknown.getKnownPropertyIds());
    }
    if (e instanceof MismatchedInputException
        && e.getOriginalMessage().startsWith("Missing required creator property")) {
      return "is missing";
    }
    if (e instanceof StreamReadException && e.getLocation() != null) {
      return "line %d, column %d: %s"
          .formatted(
              e.getLocation().getLineNr(), e.getLocation().getColumnNr(), e.getOriginalMessage());
    }
    boolean refusedByRecord = e.getCause() instanceof IllegalArgumentException;
    Throwable source = refusedByRecord ? Objects.requireNonNull(e.getCause()) : e;
    String message = refusedByRecord ? source.getMessage() : e.getOriginalMessage();
    return Objects.requireNonNullElse(message, source.getClass().getSimpleName());
  }

  private static final class AllButOptionalsRequired extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1L;

    @Override
    public @Nullable Boolean hasRequiredMarker(MapperConfig<?> config, AnnotatedMember member) {
      if (member instanceof AnnotatedParameter) {
        return member.getRawType() != Optional.class;
      }
      return super.hasRequiredMarker(config, member);
    }
  }
}
