package mechinterp.io.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import mechinterp.io.ShardedSafetensors;
import mechinterp.io.http.Pause;
import mechinterp.io.hub.HubException.Problem;

/**
 * Fetches models from the hub into the {@link HubCache}, and finds there what is there already.
 * Safe for several threads and, through the cache's locks, for several programs.
 *
 * <p>Source: file_download.py and _snapshot_download.py of huggingface/huggingface_hub 2.4.
 */
public final class HubClient implements AutoCloseable {
  /** The files that a model needs to run: settings, weights in safetensors, tokenizer. */
  public static final List<String> MODEL_FILES =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "model.safetensors.index.json",
          "model.safetensors",
          "model-*-of-*.safetensors");

  /** The files that a tokenizer needs. */
  public static final List<String> TOKENIZER_FILES =
      List.of(
          "config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt");

  private static final int OK = 200;

  private final HubSettings settings;
  private final HubCache cache;
  private final HubListener listener;
  private final HubDownload.Disk disk;
  private final HubHttp http;

  /** Returns a client, which tells the listener how downloads go. */
  public HubClient(HubSettings settings, HubListener listener) {
    this(settings, listener, new HubDownload.RealDisk(), time -> Pause.sleep(time.toMillis()));
  }

  HubClient(HubSettings settings, HubListener listener, HubDownload.Disk disk, Pause pause) {
    this.settings = settings;
    this.cache =
        settings.symlinks()
            ? new HubCache(settings.cache())
            : HubCache.withoutLinks(settings.cache());
    this.listener = listener;
    this.disk = disk;
    this.http = new HubHttp(settings, pause);
  }

  /** Returns the cache. */
  public HubCache cache() {
    return cache;
  }

  /**
   * Returns the folder with those files of a revision that match a pattern (as Python's {@code
   * fnmatch} has them), after fetching the ones that are missing. Without the hub, because it must
   * not be asked or does not answer, it is the folder as far as the cache has it.
   *
   * @throws HubException when the hub refuses, or the cache has nothing and the hub cannot be asked
   * @throws IOException when the cache cannot be read or written
   */
  public Path snapshot(HubName name, List<String> patterns) throws IOException {
    Optional<Path> cached = cache.snapshot(name);
    if (settings.offline()) {
      return cached.orElseThrow(() -> offline(name));
    }
    try {
      HubListing listing = listing(name, cached.isEmpty());
      return fetch(name, listing, new FilePatterns(patterns));
    } catch (HubException e) {
      if (!mayAnswerLater(e) || cached.isEmpty()) {
        throw e;
      }
      listener.note(e.getMessage() + "; taking " + name + " as the cache has it");
      return cached.get();
    }
  }

  /**
   * Returns the folder of a model with all of {@link #MODEL_FILES} that it has.
   *
   * @throws HubException as {@link #snapshot} does, and when it has no weights in safetensors
   */
  public Path model(HubName name) throws IOException {
    Path folder = snapshot(name, MODEL_FILES);
    boolean weights =
        Files.exists(folder.resolve(ShardedSafetensors.SINGLE))
            || Files.exists(folder.resolve(ShardedSafetensors.INDEX));
    if (!weights) {
      throw new HubException(
          Problem.FILE_NOT_FOUND,
          "%s: %s has no %s; weights in other formats are not read"
              .formatted(name, settings.offline() ? "the cache" : "it", ShardedSafetensors.SINGLE));
    }
    return folder;
  }

  /**
   * Returns a single file of a revision, or nothing when the repository has none of this name.
   *
   * @param file its path in the repository, with slashes
   * @throws HubException when the hub refuses, or the cache does not know and the hub cannot be
   *     asked
   * @throws IllegalArgumentException when the path leads out of the repository
   */
  public Optional<Path> file(HubName name, String file) throws IOException {
    HubCache.Entry entry = cache.file(name, file);
    if (settings.offline() || name.isCommit()) {
      switch (entry) {
        case HubCache.Entry.Present(Path path) -> {
          return Optional.of(path);
        }
        case HubCache.Entry.Absent _ -> {
          return Optional.empty();
        }
        case HubCache.Entry.Unknown _ when settings.offline() -> throw offline(name);
        case HubCache.Entry.Unknown _ -> {}
      }
    }
    try {
      Head head = head(name, file, entry instanceof HubCache.Entry.Unknown);
      cache.writeReference(name, head.commit());
      return Optional.of(fetch(name, head, file));
    } catch (HubException e) {
      if (e.problem() == Problem.FILE_NOT_FOUND) {
        return Optional.empty();
      }
      if (mayAnswerLater(e) && entry instanceof HubCache.Entry.Present(Path path)) {
        return Optional.of(path);
      }
      throw e;
    }
  }

  private static boolean mayAnswerLater(HubException e) {
    return e.problem() == Problem.UNREACHABLE || e.problem() == Problem.RATE_LIMITED;
  }

  private HubListing listing(HubName name, boolean patient) throws IOException {
    URI uri =
        address(
            "/api/models/"
                + name.repository()
                + "/revision/"
                + encoded(name.revision())
                + "?blobs=true");
    HubHttp.Question question = new HubHttp.Question("GET", uri, Map.of(), patient, false);
    try (HubAnswer answer = http.ask(question, listener)) {
      if (answer.status() != OK) {
        throw HubErrors.of(name.toString(), answer);
      }
      return HubListing.read(HubHttp.withoutQuery(uri), answer.content());
    }
  }

  private Path fetch(HubName name, HubListing listing, FilePatterns patterns) throws IOException {
    List<HubListing.File> wanted =
        listing.files().stream().filter(file -> patterns.test(file.path())).toList();
    HubName commit = name.at(listing.commit());
    for (HubListing.File file : wanted) {
      if (!Files.exists(cache.pointer(name, listing.commit(), file.path()))) {
        fetch(commit, head(commit, file.path(), true), file.path());
      }
    }
    requireSome(name, listing, wanted);
    cache.writeReference(name, listing.commit());
    return cache.snapshot(name, listing.commit());
  }

  private static void requireSome(HubName name, HubListing listing, List<HubListing.File> wanted)
      throws HubException {
    if (wanted.isEmpty()) {
      throw new HubException(
          Problem.FILE_NOT_FOUND,
          "%s: has none of the files that are needed; it has %s"
              .formatted(name, listing.files().stream().map(HubListing.File::path).toList()));
    }
  }

  /**
   * What the hub says of a file before it sends it.
   *
   * @param commit the commit that it is of
   * @param etag the hash of its content
   * @param size how many bytes it has, if the hub says it
   * @param location where to fetch it
   */
  private record Head(String commit, String etag, OptionalLong size, URI location) {}

  private Head head(HubName name, String file, boolean patient) throws IOException {
    URI uri =
        address(
            "/%s/resolve/%s/%s"
                .formatted(name.repository(), encoded(name.revision()), encodedPath(file)));
    String label = name.repository() + "/" + file;
    HubHttp.Question question = new HubHttp.Question("HEAD", uri, Map.of(), patient, true);
    try (HubAnswer answer = http.ask(question, listener)) {
      Optional<String> commit = answer.header("X-Repo-Commit").filter(HubName::isCommit);
      boolean leadsOn = answer.location().isPresent();
      if (answer.status() != OK && !leadsOn) {
        HubException refusal = HubErrors.of(label, answer);
        if (refusal.problem() == Problem.FILE_NOT_FOUND && commit.isPresent()) {
          cache.writeAbsence(name, commit.get(), file);
          cache.writeReference(name, commit.get());
        }
        throw refusal;
      }
      Optional<String> etag = answer.header("X-Linked-Etag").or(() -> answer.header("ETag"));
      if (commit.isEmpty() || etag.isEmpty()) {
        throw new HubException(
            Problem.UNREACHABLE,
            "%s: %s does not answer as a hub does (no X-Repo-Commit or no ETag); check HF_ENDPOINT and the proxies"
                .formatted(label, HubHttp.withoutQuery(answer.uri())));
      }
      OptionalLong linkedSize = answer.number("X-Linked-Size");
      OptionalLong size =
          linkedSize.isPresent() || leadsOn ? linkedSize : answer.number("Content-Length");
      return new Head(commit.get(), hash(etag.get()), size, answer.location().orElse(answer.uri()));
    }
  }

  /** A header has the hash in quotes, and W/ before it when it is a weak one. */
  private static String hash(String etag) {
    return etag.replaceFirst("^W/", "").replaceAll("^\"|\"$", "");
  }

  private Path fetch(HubName name, Head head, String file) throws IOException {
    Path pointer = cache.pointer(name, head.commit(), file);
    if (Files.exists(pointer)) {
      return pointer;
    }
    Path blob = cache.blob(name, head.etag());
    HubDownload.Content content =
        new HubDownload.Content(file, head.location(), head.etag(), head.size());
    cache.locked(
        name,
        head.etag(),
        listener,
        () -> {
          if (!Files.exists(pointer)) {
            boolean fresh = !Files.exists(blob);
            new HubDownload(http, disk, listener, content, blob).run();
            cache.link(name, head.commit(), file, blob, fresh);
          }
        });
    return pointer;
  }

  private HubException offline(HubName name) {
    return new HubException(
        Problem.OFFLINE,
        "%s: is not in the cache %s, and the hub must not be asked (--offline or HF_HUB_OFFLINE)"
            .formatted(name, cache.root()));
  }

  private URI address(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private static String encodedPath(String path) {
    return String.join("/", List.of(path.split("/", -1)).stream().map(HubClient::encoded).toList());
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Ends what is under way. */
  @Override
  public void close() {
    http.close();
  }
}
