package mechinterp.model;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.model.bert.BertFiles;
import mechinterp.model.family.Family;
import mechinterp.model.gemma.Gemma;
import mechinterp.model.gpt2.Gpt2;
import mechinterp.model.llama.Llama;
import mechinterp.model.neox.Neox;

/** The families of models that can be loaded. */
final class Families {
  private static final List<Family> ALL =
      List.of(new Gpt2(), new Neox(), new Llama(), new Gemma(), new BertFiles());

  private Families() {}

  /**
   * Returns the family of a config.json.
   *
   * @throws FormatException when its {@code model_type} is of none, or the weights are quantised in
   *     a way of their own
   */
  static Family of(JsonField config) throws FormatException {
    JsonField modelType = config.at("model_type");
    String name = modelType.text();
    config.at("quantization_config").require(config.at("quantization_config").isAbsent(), "none");
    for (Family family : ALL) {
      if (family.modelTypes().contains(name)) {
        return family;
      }
    }
    throw modelType.failure("one of " + String.join(", ", modelTypes()));
  }

  /**
   * Reads a config.json.
   *
   * @throws FormatException naming file and field, when it is not supported
   */
  static TransformerConfig config(String name, JsonField config) throws FormatException {
    return config(name, config, read -> read);
  }

  /** What is done to a config that was read. */
  @FunctionalInterface
  interface Change {
    TransformerConfig to(TransformerConfig read) throws FormatException;
  }

  /**
   * Reads a config.json and changes what it says.
   *
   * @throws FormatException as {@link #config(String, JsonField)} does
   */
  static TransformerConfig config(String name, JsonField config, Change change)
      throws FormatException {
    try {
      return change.to(of(config).config(name, config));
    } catch (IllegalArgumentException e) {
      throw new FormatException(config.file(), String.valueOf(e.getMessage()), e);
    }
  }

  private static Set<String> modelTypes() {
    Set<String> all = new TreeSet<>();
    ALL.forEach(family -> all.addAll(family.modelTypes()));
    return all;
  }
}
