package mechinterp.training;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import mechinterp.device.Device;
import mechinterp.io.AtomicFolder;
import mechinterp.io.DType;
import mechinterp.io.FileProblem;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.optim.AdamW;
import mechinterp.tensor.FloatMatrix;

/**
 * Training states in a folder, one folder {@code step-N} each, of which the newest stay. A state
 * has all that the rest of a run depends on, so a run that goes on from it ends with the same bits
 * as one that was never interrupted: {@code state.safetensors} holds the weights and both moments
 * of AdamW, {@code checkpoint.json} the step, the settings, the text's identity and the state's
 * checksum, {@code metrics.jsonl} the metrics of the steps so far. The place in the text and all
 * random numbers follow from the step and the seed.
 */
public final class LanguageModelCheckpoints {
  private static final int FORMAT = 1;
  private static final String PREFIX = "step-";
  private static final String HEADER = "checkpoint.json";
  private static final String STATE = "state.safetensors";
  private static final String METRICS = "metrics.jsonl";
  private static final String VALUE = "value/";
  private static final String FIRST_MOMENT = "first_moment/";
  private static final String SECOND_MOMENT = "second_moment/";

  private final Path folder;
  private final int everySteps;
  private final int kept;

  /**
   * States in a folder, which need not exist yet.
   *
   * @param folder that holds only them
   * @param everySteps steps between two states, at least 1
   * @param kept how many of the newest states stay, at least 1
   */
  public LanguageModelCheckpoints(Path folder, int everySteps, int kept) {
    if (everySteps < 1 || kept < 1) {
      throw new IllegalArgumentException(
          "checkpoints: every %d steps, %d kept; both must be at least 1"
              .formatted(everySteps, kept));
    }
    this.folder = folder;
    this.everySteps = everySteps;
    this.kept = kept;
  }

  /**
   * What {@code checkpoint.json} holds.
   *
   * @param format version of the layout
   * @param step the last step that was done
   * @param settings of the run
   * @param text identity of the text
   * @param state checksum of the state's file
   */
  record Header(
      int format, int step, LanguageModelTrainConfig settings, String text, String state) {
    /** Refuses other versions. */
    Header {
      if (format != FORMAT) {
        throw new IllegalArgumentException("is %d; it must be %d".formatted(format, FORMAT));
      }
    }
  }

  /** Returns whether there is a state to go on from. */
  public boolean isEmpty() throws IOException {
    return states().isEmpty();
  }

  boolean isDue(int step) {
    return step % everySteps == 0;
  }

  /** Saves a state and deletes those that are too old. */
  void save(
      LanguageModelTrainConfig settings,
      String text,
      Device device,
      List<AdamW> optimizers,
      List<LanguageModelMetrics> history)
      throws IOException {
    int step = history.getLast().step();
    AtomicFolder.replace(
        folder.resolve(PREFIX + step),
        HEADER,
        target -> {
          String checksum = writer(device, optimizers).write(target.resolve(STATE));
          Json.write(target.resolve(HEADER), new Header(FORMAT, step, settings, text, checksum));
          writeHistory(target.resolve(METRICS), history);
        });
    List<Path> states = states();
    for (Path old : states.subList(0, Math.max(0, states.size() - kept))) {
      delete(old);
    }
  }

  private static SafetensorsWriter writer(Device device, List<AdamW> optimizers) {
    SafetensorsWriter writer = new SafetensorsWriter();
    for (AdamW optimizer : optimizers) {
      String name = optimizer.parameter().name();
      add(writer, VALUE + name, device, optimizer.parameter().value());
      add(writer, FIRST_MOMENT + name, device, optimizer.firstMoment());
      add(writer, SECOND_MOMENT + name, device, optimizer.secondMoment());
    }
    return writer;
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

  /** Writes a line of JSON for every step. */
  private static void writeHistory(Path file, List<LanguageModelMetrics> history)
      throws IOException {
    Files.write(file, history.stream().map(Json::compact).toList(), StandardCharsets.UTF_8);
  }

  /**
   * Restores the newest state, if there is one, and returns the metrics of its steps; without one
   * it returns no metrics.
   *
   * @throws FormatException when the state is damaged
   * @throws IllegalArgumentException when it belongs to other settings, another text or another
   *     model
   */
  List<LanguageModelMetrics> restore(
      LanguageModelTrainConfig settings, String text, Device device, List<AdamW> optimizers)
      throws IOException {
    List<Path> states = states();
    if (states.isEmpty()) {
      return List.of();
    }
    Path newest = states.getLast();
    Header header = Json.read(newest.resolve(HEADER), Header.class);
    requireSame(newest, "settings", header.settings(), settings);
    requireSame(newest, "text", header.text(), text);
    restore(newest.resolve(STATE), header.state(), device, optimizers);
    return readHistory(newest.resolve(METRICS), header.step());
  }

  private static void requireSame(Path state, String what, Object saved, Object given) {
    if (!saved.equals(given)) {
      throw new IllegalArgumentException(
          "%s: %s: is %s in the checkpoint, %s now; they must be equal to go on"
              .formatted(state, what, saved, given));
    }
  }

  private static void restore(Path file, String checksum, Device device, List<AdamW> optimizers)
      throws IOException {
    try (SafetensorsFile state = SafetensorsFile.open(file)) {
      if (!state.checksum().equals(checksum)) {
        throw new FormatException(
            file.toString(),
            "has checksum %s; it must be %s".formatted(state.checksum(), checksum));
      }
      for (AdamW optimizer : optimizers) {
        String name = optimizer.parameter().name();
        read(state, VALUE + name, device, optimizer.parameter().value());
        read(state, FIRST_MOMENT + name, device, optimizer.firstMoment());
        read(state, SECOND_MOMENT + name, device, optimizer.secondMoment());
      }
    }
  }

  private static void read(SafetensorsFile state, String name, Device device, FloatMatrix matrix)
      throws IOException {
    var _ = state.info(name, matrix.rows(), matrix.cols());
    device.upload(matrix, state.floats(name), 0);
  }

  private static List<LanguageModelMetrics> readHistory(Path file, int steps) throws IOException {
    List<LanguageModelMetrics> history = new ArrayList<>();
    for (String line : lines(file)) {
      history.add(parse(file, history.size() + 1, line));
    }
    if (history.size() != steps) {
      throw new FormatException(
          file.toString(), "has %d lines; it must have %d".formatted(history.size(), steps));
    }
    return history;
  }

  private static LanguageModelMetrics parse(Path file, int number, String line) throws IOException {
    InputStream json = new ByteArrayInputStream(line.getBytes(StandardCharsets.UTF_8));
    return Json.read(file + " line " + number, json, LanguageModelMetrics.class);
  }

  private static List<String> lines(Path file) throws IOException {
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  private List<Path> states() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(entry -> entry.getFileName().toString().matches(PREFIX + "\\d{1,9}"))
          .sorted(Comparator.comparingInt(LanguageModelCheckpoints::step))
          .toList();
    }
  }

  private static int step(Path state) {
    return Integer.parseInt(state.getFileName().toString().substring(PREFIX.length()));
  }

  private static void delete(Path state) throws IOException {
    try (Stream<Path> tree = Files.walk(state)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
