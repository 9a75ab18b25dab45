package mechinterp.sae.file;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.SaeConfig;

/**
 * The tensors of a crosscoder as those of one wide autoencoder, whose activations are those of all
 * layers side by side: W_enc [layers, d_model, d_sae] as [d_in, d_sae], W_dec [d_sae, layers,
 * d_model] as [d_sae, d_in] and b_dec [layers, d_model] as [d_in]. The numbers have the same order.
 *
 * @param file the crosscoder's file
 * @param layers number of layers
 * @param dModel width of the activations at each
 */
record LayeredTensors(TensorFile file, int layers, int dModel) implements TensorFile {
  /** Returns the shapes in the file, by those of the wide autoencoder. */
  static long[] shape(SaeConfig config, String tensor, long... wide) {
    int layers = config.siteWidths().size();
    int dModel = config.siteWidths().getFirst();
    return switch (config) {
      case CrosscoderConfig _, JumpReluCrosscoderConfig _ ->
          switch (tensor) {
            case "W_enc" -> new long[] {layers, dModel, config.dSae()};
            case "W_dec" -> new long[] {config.dSae(), layers, dModel};
            case "b_dec" -> new long[] {layers, dModel};
            default -> wide;
          };
      default -> wide;
    };
  }

  /** Returns a file's tensors as a kind's reader takes them. */
  static TensorFile of(TensorFile file, SaeConfig config) {
    return switch (config) {
      case CrosscoderConfig crosscoder ->
          new LayeredTensors(file, crosscoder.layers(), crosscoder.dModel());
      case JumpReluCrosscoderConfig crosscoder ->
          new LayeredTensors(file, crosscoder.layers(), crosscoder.dModel());
      default -> file;
    };
  }

  @Override
  public String source() {
    return file.source();
  }

  @Override
  public Set<String> tensors() {
    return file.tensors();
  }

  @Override
  public TensorInfo info(String name) throws FormatException {
    long width = (long) layers * dModel;
    return switch (name) {
      case "W_enc" -> {
        TensorInfo info = file.info(name, layers, dModel, -1);
        yield flat(info, width, info.shape().getLast());
      }
      case "W_dec" -> {
        TensorInfo info = file.info(name, -1, layers, dModel);
        yield flat(info, info.shape().getFirst(), width);
      }
      case "b_dec" -> flat(file.info(name, layers, dModel), width);
      default -> file.info(name);
    };
  }

  private static TensorInfo flat(TensorInfo info, Long... shape) {
    return new TensorInfo(info.name(), info.dtype(), List.of(shape), info.begin(), info.end());
  }

  @Override
  public void readFloats(TensorInfo info, long first, float[] to, int offset, int count)
      throws IOException {
    file.readFloats(info, first, to, offset, count);
  }

  @Override
  public void close() {
    file.close();
  }
}
