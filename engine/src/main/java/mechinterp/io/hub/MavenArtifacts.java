package mechinterp.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import mechinterp.io.AtomicFile;
import mechinterp.io.FolderTree;
import mechinterp.io.FormatException;
import mechinterp.io.Sha256;

/**
 * Jars of Maven artifacts, kept in a folder once they are there. Maven itself fetches them, so its
 * settings (mirrors, proxies, credentials) count.
 */
public final class MavenArtifacts {
  /** The environment variable that names the program, which is {@code mvn} without it. */
  public static final String VARIABLE = "MECHINTERP_MAVEN";

  private static final String COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

  private final Path cache;
  private final List<String> maven;

  /**
   * Artifacts in a cache.
   *
   * @param cache folder that keeps the files
   * @param maven the command that runs Maven, such as {@code mvn}
   */
  public MavenArtifacts(Path cache, List<String> maven) {
    this.cache = cache;
    this.maven = List.copyOf(maven);
  }

  /** Returns the program that an environment names. */
  public static String program(Map<String, String> environment) {
    String named = environment.getOrDefault(VARIABLE, "");
    return named.isBlank() ? "mvn" : named;
  }

  /**
   * A jar that is wanted.
   *
   * @param coordinates {@code group:artifact:version}
   * @param classifier which of the artifact's jars, such as {@code sources}; empty for its main one
   * @param sha256 of the jar, as 64 hexadecimal digits
   */
  public record Artifact(String coordinates, Optional<String> classifier, String sha256) {
    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException with the field's name
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
      return parts[1] + "-" + parts[2] + classifier.map(name -> "-" + name).orElse("") + ".jar";
    }

    private String notation() {
      return coordinates + ":jar" + classifier.map(name -> ":" + name).orElse("");
    }
  }

  /**
   * Returns the jar of an artifact, which Maven fetches when the cache lacks it.
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
    Path folder = Files.createTempDirectory("mechinterp-maven");
    try {
      run(artifact, folder);
      Path fetched = folder.resolve(artifact.fileName());
      requireHash(fetched, artifact);
      AtomicFile.write(file, out -> Files.copy(fetched, out));
    } finally {
      FolderTree.delete(folder);
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
                    "-Dartifact=" + artifact.notation(),
                    "-DoutputDirectory=" + folder))
            .toList();
    int exit = exitCode(artifact, command, folder, log);
    if (exit != 0) {
      throw new IOException(
          "%s: Maven did not get it: %s".formatted(artifact.notation(), firstError(log)));
    }
  }

  private static int exitCode(Artifact artifact, List<String> command, Path folder, Path log)
      throws IOException {
    try {
      return new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(log.toFile())
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new IOException(
          "%s: Maven fetches it, and %s cannot be run; install Maven, or name it in %s"
              .formatted(artifact.notation(), command.getFirst(), VARIABLE),
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
      throw new FormatException(file.toString(), "is %s; it must be %s".formatted(found, expected));
    }
  }
}
