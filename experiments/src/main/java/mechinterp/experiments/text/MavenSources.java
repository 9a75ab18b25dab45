package mechinterp.experiments.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import mechinterp.io.AtomicFile;
import mechinterp.io.FormatException;
import mechinterp.io.Sha256;

/**
 * Sources of Maven artifacts, kept in a folder once they are there. Maven itself fetches them, so
 * its settings (mirrors, proxies, credentials) count.
 */
public final class MavenSources {
  private static final String COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

  private final Path cache;
  private final List<String> maven;

  /**
   * Sources in a cache.
   *
   * @param cache folder that keeps the files
   * @param maven the command that runs Maven, such as {@code mvn}
   */
  public MavenSources(Path cache, List<String> maven) {
    this.cache = cache;
    this.maven = List.copyOf(maven);
  }

  /**
   * An artifact whose sources are wanted.
   *
   * @param coordinates {@code group:artifact:version}
   * @param sha256 of its sources' jar, as 64 hexadecimal digits
   */
  public record Artifact(String coordinates, String sha256) {
    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Artifact {
      if (!coordinates.matches("[\\w.-]+:[\\w.-]+:[\\w.-]+")) {
        throw new IllegalArgumentException(
            "coordinates: is \"%s\"; it must be group:artifact:version".formatted(coordinates));
      }
      if (!sha256.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException(
            "sha256: is \"%s\"; it must be 64 hexadecimal digits".formatted(sha256));
      }
    }

    private String fileName() {
      String[] parts = coordinates.split(":", -1);
      return "%s-%s-sources.jar".formatted(parts[1], parts[2]);
    }
  }

  /**
   * Returns the file with the sources of an artifact, which Maven fetches when the cache lacks it.
   *
   * @throws FormatException when the file is not the one that the hash names
   * @throws IOException when Maven cannot be run or does not get it
   */
  public Path jar(Artifact artifact) throws IOException {
    Path file = cache.resolve(artifact.fileName());
    if (!Files.exists(file)) {
      fetch(artifact, file);
    }
    requireHash(file, artifact);
    return file;
  }

  private void fetch(Artifact artifact, Path file) throws IOException {
    Path folder = Files.createTempDirectory("mechinterp-sources");
    try {
      run(artifact, folder);
      Path fetched = folder.resolve(artifact.fileName());
      requireHash(fetched, artifact);
      AtomicFile.write(file, out -> Files.copy(fetched, out));
    } finally {
      delete(folder);
    }
  }

  private void run(Artifact artifact, Path folder) throws IOException {
    Path log = folder.resolve("maven.log");
    List<String> command =
        Stream.concat(
                maven.stream(),
                Stream.of(
                    "-B",
                    "-q",
                    COPY,
                    "-Dartifact=" + artifact.coordinates() + ":jar:sources",
                    "-DoutputDirectory=" + folder))
            .toList();
    int exit = exitCode(command, folder, log);
    if (exit != 0) {
      throw new IOException(
          "%s: Maven did not get its sources: %s"
              .formatted(artifact.coordinates(), firstError(log)));
    }
  }

  private static int exitCode(List<String> command, Path folder, Path log) throws IOException {
    try {
      return new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(log.toFile())
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new IOException(
          "%s: cannot be run, and the text comes through Maven; install Maven, or name it with --maven"
              .formatted(command.getFirst()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while Maven ran", e);
    }
  }

  private static String firstError(Path log) throws IOException {
    return Files.readString(log, StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.toUpperCase(Locale.ROOT).contains("ERROR"))
        .findFirst()
        .orElse("it gave no reason");
  }

  private static void requireHash(Path file, Artifact artifact) throws IOException {
    Sha256 hash = new Sha256();
    try (InputStream in = hash.adding(Files.newInputStream(file))) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    String expected = "sha256:" + artifact.sha256();
    String found = hash.end();
    if (!found.equals(expected)) {
      throw new FormatException(
          file.toString(), "is %s; the sources are %s".formatted(found, expected));
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
