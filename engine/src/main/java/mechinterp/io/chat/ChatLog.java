package mechinterp.io.chat;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.Sha256;

/**
 * A language model whose every question and answer is kept in a file, a line of JSON for each, as
 * soon as it is there: what the file answers is not asked again, so that a run goes on where it was
 * stopped. Only one process may use a file at a time.
 */
public final class ChatLog implements ChatModel, AutoCloseable {
  private static final int LINE_END = '\n';

  private final ChatModel model;
  private final Path file;
  private final FileChannel channel;
  private final FileLock lock;
  private final Map<String, String> answers = new ConcurrentHashMap<>();

  /**
   * A line of the file.
   *
   * @param model the model's name
   * @param question what was asked
   * @param answer what it said
   */
  public record Entry(String model, ChatQuestion question, String answer) {}

  private ChatLog(ChatModel model, Path file, FileChannel channel, FileLock lock) {
    this.model = model;
    this.file = file;
    this.channel = channel;
    this.lock = lock;
  }

  /**
   * Opens a log, or begins one. A last line without its end, which an interrupted run leaves, is
   * dropped.
   *
   * @throws FormatException {@code FILE line n: ...} when a line is not of a log
   * @throws IOException when the file cannot be read or written, or another process uses it
   */
  public static ChatLog open(Path file, ChatModel model) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean ready = false;
    try {
      ChatLog log = new ChatLog(model, file, channel, lock(file, channel));
      log.read();
      ready = true;
      return log;
    } finally {
      if (!ready) {
        channel.close();
      }
    }
  }

  private static FileLock lock(Path file, FileChannel channel) throws IOException {
    try {
      return Optional.ofNullable(channel.tryLock())
          .orElseThrow(() -> new IOException(file + ": another run is using it"));
    } catch (OverlappingFileLockException e) {
      throw new IOException(file + ": another run is using it", e);
    }
  }

  private void read() throws IOException {
    byte[] content = Files.readAllBytes(file);
    int from = 0;
    int number = 1;
    for (int i = 0; i < content.length; i++) {
      if (content[i] == LINE_END) {
        String name = "%s line %d".formatted(file, number++);
        byte[] line = Arrays.copyOfRange(content, from, i);
        keep(Json.read(name, line, Entry.class));
        from = i + 1;
      }
    }
    var _ = channel.truncate(from).position(from);
  }

  private void keep(Entry entry) {
    answers.put(key(entry.model(), entry.question()), entry.answer());
  }

  private static String key(String model, ChatQuestion question) {
    return new Sha256().add(model).add(Json.canonical(question)).end();
  }

  @Override
  public String name() {
    return model.name();
  }

  /** Returns how many answers the file has. */
  public int size() {
    return answers.size();
  }

  /** Returns whether the file answers a question. */
  public boolean answers(ChatQuestion question) {
    return answers.containsKey(key(name(), question));
  }

  /**
   * Returns the answer of the file, or asks and writes the answer down.
   *
   * @throws IOException when there is no answer, or the file cannot be written
   */
  @Override
  public String answer(ChatQuestion question) throws IOException {
    Optional<String> known = Optional.ofNullable(answers.get(key(name(), question)));
    if (known.isPresent()) {
      return known.get();
    }
    Entry entry = new Entry(name(), question, model.answer(question));
    write(entry);
    return entry.answer();
  }

  private synchronized void write(Entry entry) throws IOException {
    byte[] line = (Json.compact(entry) + "\n").getBytes(StandardCharsets.UTF_8);
    Channels.newOutputStream(channel).write(line);
    keep(entry);
  }

  @Override
  public void close() throws IOException {
    lock.close();
    channel.close();
  }
}
