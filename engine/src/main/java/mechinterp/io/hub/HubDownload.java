package mechinterp.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import mechinterp.io.FileProblem;

/**
 * Fetches one content into the cache: beside its place first, going on after interruptions where
 * they happened, also those of an earlier run, and into its place only when its hash is right.
 */
final class HubDownload {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int MOST_FAILURES = 5;
  private static final int SHA_256_DIGITS = 64;
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  /** The disk, for which a test puts one that runs full. */
  interface Disk {
    /** Opens a file to write at its end, emptied before if {@code anew}. */
    OutputStream append(Path file, boolean anew) throws IOException;

    /** Returns how many bytes a folder has room for. */
    long room(Path folder) throws IOException;
  }

  /** The disk as it is. */
  static final class RealDisk implements Disk {
    @Override
    public OutputStream append(Path file, boolean anew) throws IOException {
      StandardOpenOption how =
          anew ? StandardOpenOption.TRUNCATE_EXISTING : StandardOpenOption.APPEND;
      return Channels.newOutputStream(
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, how));
    }

    @Override
    public long room(Path folder) throws IOException {
      return Files.getFileStore(folder).getUsableSpace();
    }
  }

  /**
   * What to fetch.
   *
   * @param label what messages and progress call it
   * @param uri where it is
   * @param etag its hash, by which it is stored: SHA-256, or SHA-1 as git computes it
   * @param size how many bytes it has, if the hub has said it
   */
  record Content(String label, URI uri, String etag, OptionalLong size) {}

  private final HubHttp http;
  private final Disk disk;
  private final HubListener listener;
  private final Content content;
  private final Path blob;
  private final Path incomplete;

  HubDownload(HubHttp http, Disk disk, HubListener listener, Content content, Path blob) {
    this.http = http;
    this.disk = disk;
    this.listener = listener;
    this.content = content;
    this.blob = blob;
    // A name of our own: Python's library writes to .incomplete under a lock that does not see
    // ours.
    this.incomplete = blob.resolveSibling(blob.getFileName() + ".mechinterp.incomplete");
  }

  /**
   * Fetches the content, unless it is here.
   *
   * @throws HubException when the hub does not give it, or something else than it said
   * @throws IOException when the disk refuses
   */
  void run() throws IOException {
    if (Files.exists(blob)) {
      return;
    }
    prepare();
    boolean resumed = present() > 0;
    fetch();
    if (resumed && !isWhole()) {
      listener.note(
          content.label() + ": what was left of an earlier try is damaged; starting anew");
      Files.deleteIfExists(incomplete);
      fetch();
    }
    requireWhole();
    force();
    Files.move(incomplete, blob, StandardCopyOption.ATOMIC_MOVE);
  }

  private void prepare() throws IOException {
    Path folder = blob.resolveSibling("");
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw FileProblem.writing(blob, e);
    }
    long missing = content.size().orElse(0) - present();
    long room = disk.room(folder);
    if (missing > room) {
      throw new IOException(
          "%s: cannot be written: %s needs %d more bytes, the disk has room for %d"
              .formatted(blob, content.label(), missing, room));
    }
  }

  private long present() throws IOException {
    return Files.exists(incomplete) ? Files.size(incomplete) : 0;
  }

  private void fetch() throws IOException {
    int failures = 0;
    while (!isComplete()) {
      long before = present();
      try {
        fetchFrom(before);
        if (content.size().isEmpty()) {
          return;
        }
      } catch (Interruption interruption) {
        failures = present() > before ? 1 : failures + 1;
        if (failures > MOST_FAILURES) {
          throw new HubException(
              HubException.Problem.UNREACHABLE,
              "%s: broke off at byte %d and did not go on: %s"
                  .formatted(content.label(), present(), interruption.getMessage()),
              interruption);
        }
        listener.note(
            "%s: broke off at byte %d (%s); going on from there"
                .formatted(content.label(), present(), interruption.getMessage()));
        http.waitAfter(failures);
      }
    }
  }

  /** What is too long is not of this content, and no server could go on with it. */
  private boolean isComplete() throws IOException {
    long present = present();
    if (content.size().isPresent() && present > content.size().getAsLong()) {
      Files.delete(incomplete);
      return false;
    }
    return content.size().isPresent()
        && present == content.size().getAsLong()
        && Files.exists(incomplete);
  }

  private void fetchFrom(long begin) throws IOException {
    Map<String, String> headers = begin == 0 ? Map.of() : Map.of("Range", "bytes=" + begin + "-");
    HubHttp.Question question = new HubHttp.Question("GET", content.uri(), headers, true, false);
    try (HubAnswer answer = http.ask(question, listener)) {
      switch (answer.status()) {
        case OK -> write(answer, 0);
        case PARTIAL -> write(answer, requireBegin(answer, begin));
        case RANGE_NOT_SATISFIABLE -> {
          Files.deleteIfExists(incomplete);
          throw new Interruption("the server cannot go on there");
        }
        default -> throw HubErrors.of(content.label(), answer);
      }
    }
  }

  private long requireBegin(HubAnswer answer, long begin) throws IOException {
    String range = answer.header("Content-Range").orElse("");
    if (!range.startsWith("bytes " + begin + "-")) {
      throw new HubException(
          HubException.Problem.DAMAGED,
          "%s: asked from byte %d on, got Content-Range \"%s\""
              .formatted(content.label(), begin, range));
    }
    return begin;
  }

  private void write(HubAnswer answer, long begin) throws IOException {
    long total = total(answer, begin);
    try (OutputStream out = disk.append(incomplete, begin == 0)) {
      copy(answer.body(), out, begin, total);
    } catch (HubException | Interruption e) {
      throw e;
    } catch (IOException e) {
      throw FileProblem.writing(incomplete, e);
    }
  }

  private long total(HubAnswer answer, long begin) {
    OptionalLong left = answer.number("Content-Length");
    return content.size().orElse(left.isPresent() ? begin + left.getAsLong() : -1);
  }

  private void copy(InputStream in, OutputStream out, long begin, long total) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long done = begin;
    listener.progress(content.label(), done, total);
    for (int count = read(in, buffer); count >= 0; count = read(in, buffer)) {
      done += count;
      if (total >= 0 && done > total) {
        throw new HubException(
            HubException.Problem.DAMAGED,
            "%s: has more than the %d bytes that the hub said".formatted(content.label(), total));
      }
      out.write(buffer, 0, count);
      listener.progress(content.label(), done, total);
    }
    if (done < total) {
      throw new Interruption("the answer ended");
    }
  }

  private static int read(InputStream in, byte[] buffer) throws Interruption {
    try {
      return in.read(buffer);
    } catch (IOException e) {
      throw new Interruption(e);
    }
  }

  /** A mirror may name contents by other hashes, of which only the size can be checked. */
  private boolean isWhole() throws IOException {
    return !HASH.matcher(content.etag()).matches() || hash().equals(content.etag());
  }

  private void requireWhole() throws IOException {
    if (!isWhole()) {
      String found = hash();
      Files.delete(incomplete);
      throw new HubException(
          HubException.Problem.DAMAGED,
          "%s: its hash is %s, the hub says %s; nothing was kept"
              .formatted(content.label(), found, content.etag()));
    }
  }

  /** Large files have the SHA-256 of their bytes, others the SHA-1 of git's header and bytes. */
  private String hash() throws IOException {
    boolean large = content.etag().length() == SHA_256_DIGITS;
    MessageDigest digest = digest(large ? "SHA-256" : "SHA-1");
    if (!large) {
      digest.update(("blob " + present() + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    try (InputStream in = Files.newInputStream(incomplete)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-1 and SHA-256", e);
    }
  }

  private void force() throws IOException {
    try (FileChannel channel = FileChannel.open(incomplete, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** The network broke off; what has come so far is on the disk. */
  private static final class Interruption extends IOException {
    private static final long serialVersionUID = 1L;

    Interruption(String reason) {
      super(reason);
    }

    Interruption(IOException cause) {
      super(String.valueOf(cause.getMessage()), cause);
    }
  }
}
