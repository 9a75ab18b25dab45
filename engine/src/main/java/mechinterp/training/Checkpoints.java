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
import mechinterp.io.AtomicFolder;
import mechinterp.io.FileProblem;
import mechinterp.io.FolderTree;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.JsonDifference;
import tools.jackson.databind.JsonNode;

/**
 * Training states in a folder, one folder {@code step-N} each, of which the newest stay. A state
 * has all that the rest of a run depends on, so a run that goes on from it ends with the same bits
 * as one that was never interrupted: {@code state.safetensors} holds the parameters, both moments
 * of each and what else the next step needs, {@code checkpoint.json} the step, the settings, the
 * data's identity and the state's checksum, {@code metrics.jsonl} the metrics of the steps so far.
 * The place in the data and all random numbers follow from the step and the seed.
 */
public final class Checkpoints {
  private static final int FORMAT = 1;
  private static final String PREFIX = "step-";
  private static final String HEADER = "checkpoint.json";
  private static final String STATE = "state.safetensors";
  private static final String METRICS = "metrics.jsonl";

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
  public Checkpoints(Path folder, int everySteps, int kept) {
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
   * @param data identity of what it learns from
   * @param state checksum of the state's file
   */
  record Header(int format, int step, JsonNode settings, String data, String state) {
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

  /**
   * Saves a state and deletes those that are too old.
   *
   * @param history metrics of the steps so far, one for each
   */
  void save(TrainingState state, List<?> history) throws IOException {
    int step = history.size();
    AtomicFolder.replace(
        folder.resolve(PREFIX + step),
        HEADER,
        target -> {
          String checksum = StateFile.write(target.resolve(STATE), state);
          JsonNode settings = Json.node(state.settings());
          Json.write(
              target.resolve(HEADER), new Header(FORMAT, step, settings, state.data(), checksum));
          writeHistory(target.resolve(METRICS), history);
        });
    List<Path> states = states();
    for (Path old : states.subList(0, Math.max(0, states.size() - kept))) {
      FolderTree.delete(old);
    }
  }

  /** Writes a line of JSON for every step. */
  private static void writeHistory(Path file, List<?> history) throws IOException {
    Files.write(file, history.stream().map(Json::compact).toList(), StandardCharsets.UTF_8);
  }

  /**
   * Restores the newest state, if there is one, and returns the metrics of its steps; without one
   * it returns no metrics.
   *
   * @param metrics what a line of the metrics holds
   * @throws FormatException when the state is damaged
   * @throws IllegalArgumentException when it belongs to other settings, other data or other
   *     parameters
   */
  <M> List<M> restore(TrainingState state, Class<M> metrics) throws IOException {
    List<Path> states = states();
    if (states.isEmpty()) {
      return List.of();
    }
    Path newest = states.getLast();
    Header header = Json.read(newest.resolve(HEADER), Header.class);
    requireSame(newest, header, state);
    StateFile.read(newest.resolve(STATE), header.state(), state);
    return readHistory(newest.resolve(METRICS), header.step(), metrics);
  }

  private static void requireSame(Path newest, Header header, TrainingState state) {
    JsonDifference.between(header.settings(), Json.node(state.settings()))
        .ifPresent(difference -> {
          throw new IllegalArgumentException(
              "%s: settings.%s is %s in the checkpoint, %s now; they must be equal to go on"
                  .formatted(newest, difference.field(), difference.first(), difference.second()));
        });
    if (!header.data().equals(state.data())) {
      throw new IllegalArgumentException(
          "%s: data is %s in the checkpoint, %s now; they must be equal to go on"
              .formatted(newest, header.data(), state.data()));
    }
  }

  private static <M> List<M> readHistory(Path file, int steps, Class<M> metrics)
      throws IOException {
    List<M> history = new ArrayList<>();
    for (String line : lines(file)) {
      InputStream json = new ByteArrayInputStream(line.getBytes(StandardCharsets.UTF_8));
      history.add(Json.read("%s line %d".formatted(file, history.size() + 1), json, metrics));
    }
    if (history.size() != steps) {
      throw new FormatException(
          file.toString(), "has %d lines; it must have %d".formatted(history.size(), steps));
    }
    return history;
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
          .sorted(Comparator.comparingInt(Checkpoints::step))
          .toList();
    }
  }

  private static int step(Path state) {
    return Integer.parseInt(state.getFileName().toString().substring(PREFIX.length()));
  }
}
