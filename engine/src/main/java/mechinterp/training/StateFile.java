package mechinterp.training;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.optim.ParameterState;
import mechinterp.tensor.FloatMatrix;

/**
 * The numbers of a {@link TrainingState} as safetensors: {@code value/NAME}, {@code
 * first_moment/NAME} and {@code second_moment/NAME} and {@code matrix/NAME} in F32, {@code
 * number/NAME} in I64.
 */
final class StateFile {
  private static final String VALUE = "value/";
  private static final String FIRST_MOMENT = "first_moment/";
  private static final String SECOND_MOMENT = "second_moment/";
  private static final String MATRIX = "matrix/";
  private static final String NUMBER = "number/";

  private StateFile() {}

  /** Writes a file and returns its checksum. */
  static String write(Path file, TrainingState state) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    for (ParameterState parameter : state.parameters()) {
      add(writer, VALUE + parameter.name(), state.device(), parameter.value());
      add(writer, FIRST_MOMENT + parameter.name(), state.device(), parameter.firstMoment());
      add(writer, SECOND_MOMENT + parameter.name(), state.device(), parameter.secondMoment());
    }
    state.matrices().forEach((name, matrix) -> add(writer, MATRIX + name, state.device(), matrix));
    state
        .numbers()
        .forEach((name, numbers) ->
            writer.tensor(
                NUMBER + name,
                DType.I64,
                sink -> sink.longs(numbers, 0, numbers.length),
                numbers.length));
    return writer.write(file);
  }

  private static void add(
      SafetensorsWriter writer, String name, Device device, FloatMatrix matrix) {
    writer.tensor(
        name,
        DType.F32,
        sink -> {
          float[] values = device.toHost(matrix);
          sink.floats(values, 0, values.length);
        },
        matrix.rows(),
        matrix.cols());
  }

  /**
   * Reads a file into a state.
   *
   * @throws FormatException when it has another checksum, or lacks what the state has
   */
  static void read(Path path, String checksum, TrainingState state) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      if (!file.checksum().equals(checksum)) {
        throw new FormatException(
            path.toString(), "has checksum %s; it must be %s".formatted(file.checksum(), checksum));
      }
      for (ParameterState parameter : state.parameters()) {
        read(file, VALUE + parameter.name(), state.device(), parameter.value());
        read(file, FIRST_MOMENT + parameter.name(), state.device(), parameter.firstMoment());
        read(file, SECOND_MOMENT + parameter.name(), state.device(), parameter.secondMoment());
      }
      for (Map.Entry<String, FloatMatrix> matrix : state.matrices().entrySet()) {
        read(file, MATRIX + matrix.getKey(), state.device(), matrix.getValue());
      }
      for (Map.Entry<String, long[]> numbers : state.numbers().entrySet()) {
        read(file, NUMBER + numbers.getKey(), numbers.getValue());
      }
    }
  }

  private static void read(SafetensorsFile file, String name, Device device, FloatMatrix matrix)
      throws IOException {
    var _ = file.info(name, matrix.rows(), matrix.cols());
    device.upload(matrix, file.floats(name), 0);
  }

  private static void read(SafetensorsFile file, String name, long[] numbers) throws IOException {
    var _ = file.info(name, numbers.length);
    System.arraycopy(file.longs(name), 0, numbers, 0, numbers.length);
  }
}
