package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.Int8Rows;
import mechinterp.sae.Sae;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.Selector;
import mechinterp.tensor.FloatMatrix;

/**
 * A {@link Selector} in a file of its own, beside the autoencoder's, which other libraries load
 * without it: V [r, d_in] and b [d_sae] in float32, U [d_sae, r] in int8 with scale [d_sae] in
 * float32, and the factor in the file's metadata.
 */
final class SelectorFile {
  static final String NAME = "selector.safetensors";
  private static final String PROJECTION = "V";
  private static final String ROWS = "U";
  private static final String SCALES = "scale";
  private static final String BIAS = "b";
  private static final String FACTOR = "selector_factor";

  private SelectorFile() {}

  static void write(SelectedSae sae, Path folder) throws IOException {
    Selector selector = sae.selector();
    Device device = sae.device();
    Int8Rows rows = selector.rows(device);
    byte[] levels = rows.levels();
    new SafetensorsWriter()
        .metadata(FACTOR, String.valueOf(selector.config().factor()))
        .tensor(
            PROJECTION,
            DType.F32,
            sink -> SaeFiles.writeRows(sink, device, selector.projection()),
            rows.cols(),
            sae.dIn())
        .tensor(
            ROWS, DType.I8, sink -> sink.bytes(levels, 0, levels.length), rows.rows(), rows.cols())
        .floats(SCALES, rows.scales(), rows.rows())
        .floats(BIAS, device.toHost(selector.bias()), rows.rows())
        .write(folder.resolve(NAME));
  }

  /**
   * Reads the selector that lies beside an autoencoder.
   *
   * @throws FormatException when there is none, a tensor is not what it must be, or the autoencoder
   *     is of a kind that no selector serves
   */
  static SelectedSae read(Sae sae, Path folder) throws IOException {
    Path path = folder.resolve(NAME);
    if (!Files.exists(path)) {
      throw new FormatException(path.toString(), "is missing; sae distill makes a selector");
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      return SelectedSae.of(sae, read(file, sae));
    } catch (IllegalArgumentException e) {
      throw new FormatException(path.toString(), String.valueOf(e.getMessage()), e);
    }
  }

  private static Selector read(SafetensorsFile file, Sae sae) throws IOException {
    Device device = sae.device();
    SaeTensors tensors = new SaeTensors(file, device);
    int rank = rank(file, sae.dIn());
    file.info(ROWS, sae.dSae(), rank);
    file.info(SCALES, sae.dSae());
    file.info(BIAS, sae.dSae());
    FloatMatrix projection = device.floats(rank, sae.dIn());
    tensors.readRows(projection, PROJECTION, SaeTensors.ones(rank));
    FloatMatrix scales = device.floats(1, sae.dSae());
    tensors.readBias(scales, SCALES, SaeTensors.ones(sae.dSae()));
    FloatMatrix bias = device.floats(1, sae.dSae());
    tensors.readBias(bias, BIAS, SaeTensors.ones(sae.dSae()));
    Int8Rows rows = Int8Rows.of(rank, file.bytes(ROWS), device.toHost(scales));
    return Selector.of(device, factor(file), projection, rows, bias);
  }

  private static int rank(SafetensorsFile file, int dIn) throws FormatException {
    long rank = file.info(PROJECTION, -1, dIn).shape().getFirst();
    if (rank < 1 || rank > dIn) {
      throw new FormatException(
          file.source(),
          "tensor \"%s\" is [%d, %d]; it must have 1 to d_in rows"
              .formatted(PROJECTION, rank, dIn));
    }
    return (int) rank;
  }

  private static int factor(SafetensorsFile file) throws FormatException {
    String text = file.metadata().getOrDefault(FACTOR, "missing");
    boolean isWhole = text.matches("[1-9][0-9]{0,8}");
    if (!isWhole) {
      throw new FormatException(
          file.source(), "%s is %s; it must be a whole number above 0".formatted(FACTOR, text));
    }
    return Integer.parseInt(text);
  }
}
