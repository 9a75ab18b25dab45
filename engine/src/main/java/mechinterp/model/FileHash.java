package mechinterp.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import mechinterp.io.FileProblem;
import mechinterp.io.Sha256;

/** The SHA-256 of weight files. */
final class FileHash {
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  private FileHash() {}

  /** Returns the hash of one file, or of the hashes of several in the order of their names. */
  static String of(List<Path> files) throws IOException {
    if (files.size() == 1) {
      return of(files.getFirst());
    }
    Sha256 all = new Sha256();
    for (Path file : files.stream().sorted().toList()) {
      all.add(of(file));
    }
    return all.end();
  }

  private static String of(Path file) throws IOException {
    try {
      Optional<String> known = nameInCache(file.toRealPath());
      return known.isPresent() ? known.get() : read(file);
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  /** In the hub's cache a large file's name is its hash, which was checked when it came. */
  private static Optional<String> nameInCache(Path real) {
    Path folder = real.getParent();
    String name = String.valueOf(real.getFileName());
    boolean isBlob = folder != null && folder.endsWith("blobs") && DIGEST.matcher(name).matches();
    return isBlob ? Optional.of("sha256:" + name) : Optional.empty();
  }

  private static String read(Path file) throws IOException {
    Sha256 hash = new Sha256();
    try (InputStream in = hash.adding(Files.newInputStream(file))) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return hash.end();
  }
}
