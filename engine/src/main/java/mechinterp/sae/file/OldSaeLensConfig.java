package mechinterp.sae.file;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.JsonField;
import mechinterp.sae.TopKConfig;
import tools.jackson.databind.JsonNode;

/**
 * A {@code cfg.json} of SAELens before version 6, which SAELens itself still reads, brought into
 * the form of version 6. Source: sae_lens/loading/pretrained_sae_loaders.py, handle_pre_6_0_config.
 */
final class OldSaeLensConfig {
  private static final String VERSION = "sae_lens_version";
  private static final Pattern MAJOR = Pattern.compile("(\\d{1,9})\\.");
  private static final int NEW_FORM = 6;

  private OldSaeLensConfig() {}

  /** Returns whether SAELens reads the file by the rules of its older forms. */
  static boolean is(JsonField config) throws FormatException {
    JsonField atTop = config.at(VERSION);
    JsonField version = atTop.isPresent() ? atTop : config.at("metadata").at(VERSION);
    if (version.isAbsent()) {
      return true;
    }
    Matcher major = MAJOR.matcher(version.text());
    version.require(major.lookingAt(), "a version such as \"6.0.0\"");
    return Integer.parseInt(major.group(1)) < NEW_FORM;
  }

  /** Returns the same settings in the form of version 6. */
  static JsonNode migrate(JsonField old) throws FormatException {
    Map<String, Object> fields = new LinkedHashMap<>();
    Map<String, Object> metadata = new LinkedHashMap<>();
    for (String name : old.names()) {
      fields.put(name, old.at(name).node());
      metadata.put(newName(name), old.at(name).node());
    }
    fields.keySet().removeIf(OldSaeLensConfig::isOfTheData);
    metadata.keySet().removeIf(name -> !isOfTheData(name));
    fields.put("architecture", architecture(old));
    fields.put("normalize_activations", normalization(old.at("normalize_activations")));
    if (isTopK(old)) {
      fields.put("k", old.at("activation_fn_kwargs").at("k").size());
    }
    fields.put("metadata", metadata);
    return Json.node(fields);
  }

  private static boolean isOfTheData(String name) {
    return switch (newName(name)) {
      case "model_name",
          "hook_name",
          "hook_head_index",
          "model_class_name",
          "context_size",
          "prepend_bos",
          "dataset_path",
          "seqpos_slice",
          "neuronpedia_id",
          "model_from_pretrained_kwargs",
          "sae_lens_training_version" ->
          true;
      default -> false;
    };
  }

  private static String newName(String name) {
    return switch (name) {
      case "hook_point" -> "hook_name";
      case "hook_point_head_index" -> "hook_head_index";
      default -> name;
    };
  }

  private static String architecture(JsonField old) throws FormatException {
    JsonField named = old.at("architecture");
    String architecture = named.isPresent() ? named.text() : "standard";
    if (isTopK(old)) {
      return TopKConfig.ARCHITECTURE;
    }
    JsonField activation = activation(old);
    boolean relu = activation.isAbsent() || activation.text().equals("relu");
    activation.require(relu, "\"relu\" or \"topk\"");
    return architecture;
  }

  private static boolean isTopK(JsonField old) throws FormatException {
    JsonField activation = activation(old);
    return activation.isPresent()
        && activation.text().equals("topk")
        && old.at("activation_fn_kwargs").at("k").isPresent();
  }

  private static JsonField activation(JsonField old) {
    return old.atFirst("activation_fn_str", "activation_fn");
  }

  /** Was true or false once. */
  private static String normalization(JsonField mode) throws FormatException {
    if (mode.isAbsent()) {
      return "none";
    }
    if (mode.node().isBoolean()) {
      return mode.flag() ? "expected_average_only_in" : "none";
    }
    return mode.text();
  }
}
