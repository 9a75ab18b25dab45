package mechinterp.model;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.io.OnnxFile;
import mechinterp.io.Sha256;
import mechinterp.model.bert.Bert;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;

/** Finds models by name or folder and loads them. */
public final class Models {
  private Models() {}

  /**
   * Loads a model: {@code all-MiniLM-L6-v2} from the Maven artifact on the class path, or a folder
   * with {@code model.onnx} (a BERT encoder exported by PyTorch) and {@code tokenizer.json}.
   *
   * @throws IllegalArgumentException when nothing has this name, listing what is known
   * @throws mechinterp.io.FormatException when a file is damaged or holds something else
   * @throws mechinterp.device.InsufficientMemoryException when the model does not fit
   */
  public static Transformer load(String nameOrFolder, Device device) throws IOException {
    ModelFiles files = ModelFiles.find(nameOrFolder);
    plan(files).requireFits(device);
    Tokenizer tokenizer = tokenizer(files);
    Sha256 hash = new Sha256();
    OnnxFile weights;
    try (InputStream in = hash.adding(open(files.weights()))) {
      weights = OnnxFile.read(fileName(files.weights()), in);
    }
    String identity = files.name() + " " + hash.end();
    return Bert.of(files.name(), identity, weights, tokenizer, device);
  }

  /** The file as it is read, and the weights made of it. */
  private static MemoryPlan plan(ModelFiles files) throws IOException {
    long size = Math.max(0, ModelFiles.size(files.weights()));
    return MemoryPlan.empty("loading " + files.name()).with("file", size).with("weights", size);
  }

  private static Tokenizer tokenizer(ModelFiles files) throws IOException {
    try (InputStream in = open(files.tokenizer())) {
      return Tokenizers.ofJson(fileName(files.tokenizer()), in);
    }
  }

  private static InputStream open(URI file) throws IOException {
    return file.toURL().openStream();
  }

  private static String fileName(URI file) {
    String text = file.toString();
    return text.substring(text.lastIndexOf('/') + 1);
  }
}
