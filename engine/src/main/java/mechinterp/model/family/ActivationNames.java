package mechinterp.model.family;

import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.kernel.ActivationFunction;

/**
 * The names of activation functions in config.json.
 *
 * <p>Source: {@code ACT2FN} of Hugging Face transformers.
 */
public final class ActivationNames {
  private static final String KNOWN =
      "gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, silu, swish or relu";

  private ActivationNames() {}

  /**
   * Returns the function of this name.
   *
   * @throws FormatException when there is none
   */
  public static ActivationFunction read(JsonField field) throws FormatException {
    return switch (field.text()) {
      case "gelu", "gelu_python" -> ActivationFunction.GELU;
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> ActivationFunction.GELU_TANH;
      case "silu", "swish" -> ActivationFunction.SILU;
      case "relu" -> ActivationFunction.RELU;
      default -> throw field.failure(KNOWN);
    };
  }

  /** Returns the function of this name, and {@code otherwise} for an absent field. */
  public static ActivationFunction read(JsonField field, ActivationFunction otherwise)
      throws FormatException {
    return field.isAbsent() ? otherwise : read(field);
  }
}
