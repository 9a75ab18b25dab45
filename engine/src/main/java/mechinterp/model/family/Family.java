package mechinterp.model.family;

import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.model.TransformerConfig;

/** A family of models in the files of Hugging Face: its configs and the names of its weights. */
public interface Family {
  /** Returns the values of {@code model_type} in config.json that this family reads. */
  Set<String> modelTypes();

  /**
   * Reads a config.json, as transformers 5 or an older version wrote it.
   *
   * @param name the model's name
   * @param config the whole file, whose {@code model_type} is one of {@link #modelTypes}
   * @throws FormatException naming the field, when one is missing or asks for what this family's
   *     models do not have
   * @throws IllegalArgumentException when sizes do not fit each other
   */
  TransformerConfig config(String name, JsonField config) throws FormatException;

  /** Returns how the safetensors files of such a model name its weights. */
  NameTable names(TransformerConfig config);
}
