package mechinterp.experiments.data;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.IOException;
import java.nio.file.Path;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;

/** What is trained and measured on. In JSON the field {@code source} names it. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "source")
@JsonSubTypes({
  @JsonSubTypes.Type(value = SyntheticData.class, name = "synthetic"),
  @JsonSubTypes.Type(value = ModelData.class, name = "model")
})
public sealed interface ActivationData permits SyntheticData, ModelData {
  /**
   * Makes the activations, or opens those that an earlier run left.
   *
   * @param folder where they may be kept
   * @throws IOException when a model or text cannot be read, or the folder not be written
   */
  OpenedData open(Path folder, Device device, Progress.Display display) throws IOException;

  /**
   * Returns the same of another place in the model.
   *
   * @throws IllegalArgumentException when there is no model
   */
  ActivationData withHook(String hook);

  /**
   * Checks a number of activations.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least 1".formatted(field, value));
    }
  }
}
