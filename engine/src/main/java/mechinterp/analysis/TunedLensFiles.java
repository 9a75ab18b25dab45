package mechinterp.analysis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.io.AtomicFolder;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;
import mechinterp.io.archive.TorchFile;
import mechinterp.model.Transformer;
import mechinterp.nn.Parameter;

/**
 * Folders of the {@code tuned-lens} library: {@code config.json}, and translator n as {@code
 * n.weight} [out, in], that is A transposed, and {@code n.bias} [d_model]. They are written as
 * {@code params.safetensors}; the library's own {@code params.pt} is a pickle of {@code torch.save}
 * and is read without executing anything.
 */
public final class TunedLensFiles {
  private static final String CONFIG = "config.json";
  private static final String PARAMETERS = "params.safetensors";
  private static final String PICKLE = "params.pt";
  private static final String MODEL_IDENTITY = "model_identity";
  private static final String LENS_TYPE = "linear_tuned_lens";

  private TunedLensFiles() {}

  /**
   * Writes a lens.
   *
   * @param folder missing or empty
   */
  public static void write(TunedLens lens, Path folder) throws IOException {
    AtomicFolder.write(folder, inside -> writeInto(lens, inside));
  }

  private static void writeInto(TunedLens lens, Path folder) throws IOException {
    Transformer model = lens.model();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("base_model_name_or_path", model.config().name());
    fields.put("d_model", model.config().dModel());
    fields.put("num_hidden_layers", lens.hooks().size());
    fields.put("bias", true);
    fields.put("lens_type", LENS_TYPE);
    fields.put(MODEL_IDENTITY, model.identity());
    Json.write(folder.resolve(CONFIG), fields);
    SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
    int width = model.config().dModel();
    for (Parameter parameter : lens.parameters()) {
      float[] values = model.device().toHost(parameter.value());
      if (isBias(parameter)) {
        writer.floats(parameter.name(), values, width);
      } else {
        writer.floats(parameter.name(), transposed(values, width), width, width);
      }
    }
    writer.write(folder.resolve(PARAMETERS));
  }

  private static boolean isBias(Parameter parameter) {
    return parameter.value().rows() == 1;
  }

  private static float[] transposed(float[] values, int width) {
    float[] transposed = new float[values.length];
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < width; j++) {
        transposed[j * width + i] = values[i * width + j];
      }
    }
    return transposed;
  }

  /**
   * Reads a lens.
   *
   * @param model whose residual stream it translates
   * @throws FormatException when the files are damaged, or of another kind of lens
   * @throws IllegalArgumentException when it is of another model, as far as its files say, or the
   *     model is an encoder
   */
  public static TunedLens read(Path folder, Transformer model) throws IOException {
    JsonField config = JsonField.read(folder.resolve(CONFIG));
    TunedLens lens = TunedLens.identity(model);
    requireFits(folder, config, lens);
    boolean hasPickle = !Files.exists(folder.resolve(PARAMETERS));
    try (TensorFile file =
        hasPickle
            ? TorchFile.open(folder.resolve(PICKLE))
            : SafetensorsFile.open(folder.resolve(PARAMETERS))) {
      for (Parameter parameter : lens.parameters()) {
        if (!isBias(parameter) || config.at("bias").flag(true)) {
          read(file, parameter, model.device());
        }
      }
    }
    lens.refresh();
    return lens;
  }

  private static void requireFits(Path folder, JsonField config, TunedLens lens)
      throws FormatException {
    Transformer model = lens.model();
    if (config.at("lens_type").isPresent()) {
      config.at("lens_type").requireText(LENS_TYPE);
    }
    JsonField identity = config.at(MODEL_IDENTITY);
    if (identity.isPresent() && !identity.text().equals(model.identity())) {
      throw new IllegalArgumentException(
          "%s: is of \"%s\"; the model is \"%s\""
              .formatted(folder, identity.text(), model.identity()));
    }
    int width = config.at("d_model").size();
    int layers = config.at("num_hidden_layers").size();
    if (width != model.config().dModel() || layers != lens.hooks().size()) {
      throw new IllegalArgumentException(
          "%s: is of %d layers and d_model %d; %s has %d and %d"
              .formatted(
                  folder,
                  layers,
                  width,
                  model.config().name(),
                  lens.hooks().size(),
                  model.config().dModel()));
    }
  }

  private static void read(TensorFile file, Parameter parameter, Device device) throws IOException {
    int width = parameter.value().cols();
    long[] shape = isBias(parameter) ? new long[] {width} : new long[] {width, width};
    TensorInfo info = file.info(parameter.name(), shape);
    float[] values = new float[Math.toIntExact(parameter.value().size())];
    file.readFloats(info, 0, values, 0, values.length);
    device.upload(parameter.value(), isBias(parameter) ? values : transposed(values, width), 0);
  }
}
