package mechinterp.sae.file;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What an autoencoder is of and where it came from: the {@code metadata} of {@code cfg.json}. Any
 * fields may be there; SAELens writes many. Values are text, numbers, booleans, lists and maps;
 * null in the file is an empty Optional.
 *
 * @param fields the fields by the names in the file
 */
public record SaeMetadata(Map<String, Object> fields) {
  static final String MODEL_NAME = "model_name";
  static final String HOOK_NAME = "hook_name";

  /** Where weights that were read from another library's files came from. */
  static final String SOURCE_FORMAT = "source_format";

  static final String LAYER = "layer";

  /** Keeps a copy in the same order. */
  public SaeMetadata {
    fields = new LinkedHashMap<>(fields);
  }

  /**
   * Returns metadata with the names that SAELens uses for what activations are of.
   *
   * @param modelName such as {@code gpt2}
   * @param hookName such as {@code blocks.8.hook_resid_post}
   */
  public static SaeMetadata of(String modelName, String hookName) {
    return new SaeMetadata(Map.of()).with(MODEL_NAME, modelName).with(HOOK_NAME, hookName);
  }

  /** Returns metadata of what was read from another library's files. */
  static SaeMetadata from(SaeFormat format) {
    return new SaeMetadata(Map.of()).with(SOURCE_FORMAT, format.label());
  }

  /** Returns this and a field more, or with another value. */
  public SaeMetadata with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(fields);
    more.put(name, value);
    return new SaeMetadata(more);
  }

  /** Returns the model's name. */
  public Optional<String> modelName() {
    return text(MODEL_NAME);
  }

  /** Returns the hook point's name. */
  public Optional<String> hookName() {
    return text(HOOK_NAME);
  }

  /** Returns the field {@code name} if it is there and is text. */
  public Optional<String> text(String name) {
    return Optional.ofNullable(fields.get(name))
        .filter(String.class::isInstance)
        .map(String.class::cast);
  }

  /** Returns the field {@code name} if it is there and is a number. */
  public Optional<Double> number(String name) {
    return Optional.ofNullable(fields.get(name))
        .filter(Number.class::isInstance)
        .map(value -> ((Number) value).doubleValue());
  }

  @Override
  public Map<String, Object> fields() {
    return new LinkedHashMap<>(fields);
  }
}
