package mechinterp.sae.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.io.FileProblem;
import mechinterp.io.FormatException;
import mechinterp.io.Json;

/**
 * What circuit-tracer's {@code config.yaml} says of a set: plain values, a line each. Other YAML is
 * passed over.
 *
 * @param file its path, whether it is there or not
 * @param text its beginning; empty where there is none
 */
record CircuitTracerSettings(Path file, String text) {
  static final String FILE = "config.yaml";

  private static final String MODEL_NAME = "model_name";
  private static final String INPUT_HOOK = "feature_input_hook";
  private static final String OUTPUT_HOOK = "feature_output_hook";
  private static final String HOOK_NAME_OUT = "hook_name_out";
  private static final int LARGEST = 1 << 20;
  private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d{1,6})\\.(.+)");
  private static final Pattern OTHER_ACTIVATION =
      Pattern.compile("(?m)^(?:k|topk|activation\\w*)\\s*:(?!\\s*[\"']?(?:relu|jump_?relu)\\b).*");

  /** Reads what lies in a folder. */
  static CircuitTracerSettings in(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return new CircuitTracerSettings(file, "");
    }
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(LARGEST), StandardCharsets.ISO_8859_1);
      return new CircuitTracerSettings(file, text);
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  /**
   * Checks that no other activation is named: a TopK is named here alone.
   *
   * @throws FormatException with the line that names one
   */
  void requireThresholds() throws FormatException {
    Matcher other = OTHER_ACTIVATION.matcher(text);
    if (other.find()) {
      throw new FormatException(
          file.toString(),
          "has \"%s\"; transcoders with ReLU or JumpReLU can be read".formatted(other.group()));
    }
  }

  private Optional<String> value(String key) {
    Matcher line =
        Pattern.compile("(?m)^" + key + "\\s*:\\s*[\"']?([\\w./@-]+)[\"']?\\s*(?:#.*)?$")
            .matcher(text);
    return line.find() ? Optional.of(line.group(1)) : Optional.empty();
  }

  /** Returns what is said of all layers. */
  SaeMetadata metadata() {
    SaeMetadata metadata = SaeMetadata.from(SaeFormat.CIRCUIT_TRACER);
    metadata = with(metadata, SaeMetadata.MODEL_NAME, value(MODEL_NAME));
    metadata = with(metadata, INPUT_HOOK, value(INPUT_HOOK));
    return with(metadata, OUTPUT_HOOK, value(OUTPUT_HOOK));
  }

  /** Returns what is said of one layer. */
  SaeMetadata metadata(int layer) {
    SaeMetadata metadata =
        with(SaeMetadata.from(SaeFormat.CIRCUIT_TRACER), SaeMetadata.MODEL_NAME, value(MODEL_NAME));
    metadata = with(metadata, SaeMetadata.HOOK_NAME, ofBlock(layer, value(INPUT_HOOK)));
    metadata = with(metadata, HOOK_NAME_OUT, ofBlock(layer, value(OUTPUT_HOOK)));
    return metadata.with(SaeMetadata.LAYER, layer);
  }

  private static Optional<String> ofBlock(int layer, Optional<String> hook) {
    return hook.map(name -> "blocks.%d.%s".formatted(layer, name));
  }

  private static SaeMetadata with(SaeMetadata metadata, String field, Optional<String> value) {
    return value.isPresent() ? metadata.with(field, value.get()) : metadata;
  }

  /** Returns the layer that metadata name, or 0. */
  static int layer(SaeMetadata metadata) {
    Optional<Double> layer = metadata.number(SaeMetadata.LAYER);
    if (layer.isPresent()) {
      return layer.get().intValue();
    }
    Matcher hook = BLOCK.matcher(metadata.hookName().orElse(""));
    return hook.matches() ? Integer.parseInt(hook.group(1)) : 0;
  }

  /**
   * Returns the lines of a file.
   *
   * @param kind circuit-tracer's {@code model_kind}
   */
  static String lines(String kind, SaeMetadata metadata) {
    StringBuilder lines = new StringBuilder();
    metadata.modelName().ifPresent(name -> line(lines, MODEL_NAME, name));
    line(lines, "model_kind", kind);
    hook(metadata, INPUT_HOOK, SaeMetadata.HOOK_NAME)
        .ifPresent(hook -> line(lines, INPUT_HOOK, hook));
    hook(metadata, OUTPUT_HOOK, HOOK_NAME_OUT).ifPresent(hook -> line(lines, OUTPUT_HOOK, hook));
    return lines.toString();
  }

  /** In the file a hook has no layer. */
  private static Optional<String> hook(SaeMetadata metadata, String ofAll, String ofOne) {
    Optional<String> hook = metadata.text(ofAll);
    return hook.isPresent()
        ? hook
        : metadata
            .text(ofOne)
            .map(BLOCK::matcher)
            .filter(Matcher::matches)
            .map(block -> block.group(2));
  }

  /** A text of JSON is one of YAML. */
  private static void line(StringBuilder lines, String key, String value) {
    lines.append(key).append(": ").append(Json.compact(value)).append('\n');
  }
}
