package mechinterp.experiments.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import mechinterp.activation.Document;
import mechinterp.io.FormatException;
import mechinterp.io.Sha256;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaSourcesTest {
  private static final String COORDINATES = "org.example:lib:1.2";

  @TempDir private Path folder;

  @Test
  void documentsAreJavaFilesFromTheirPackageLineOn() throws IOException {
    Path jar = jar();
    assertEquals(
        List.of(
            new Document("java a/A.java", "package a;\nclass A {}"),
            new Document("java b/B.java", "package b;\n\nclass B {}")),
        JavaSources.of(jar));
  }

  @Test
  void aFileThatIsNoJarIsRefusedByName() throws IOException {
    Path file = Files.writeString(folder.resolve("no.jar"), "text");
    IOException refused = assertThrows(IOException.class, () -> JavaSources.of(file));
    assertTrue(refused.toString().contains("no.jar"), refused.toString());
  }

  @Test
  void mavenFetchesOnceAndTheCacheKeepsTheFile() throws IOException {
    Path jar = jar();
    Path maven = maven("cp " + jar + " \"$folder/lib-1.2-sources.jar\"");
    MavenSources.Artifact artifact = new MavenSources.Artifact(COORDINATES, sha256(jar));
    MavenSources sources = new MavenSources(folder.resolve("cache"), List.of(maven.toString()));
    Path fetched = sources.jar(artifact);
    assertEquals(-1, Files.mismatch(jar, fetched));
    Files.delete(maven);
    assertEquals(fetched, sources.jar(artifact));
  }

  @Test
  void anotherFileThanTheHashNamesIsRefusedAndNotKept() throws IOException {
    Path jar = jar();
    Path maven = maven("cp " + jar + " \"$folder/lib-1.2-sources.jar\"");
    Path cache = folder.resolve("cache");
    MavenSources sources = new MavenSources(cache, List.of(maven.toString()));
    MavenSources.Artifact artifact = new MavenSources.Artifact(COORDINATES, "0".repeat(64));
    FormatException refused = assertThrows(FormatException.class, () -> sources.jar(artifact));
    assertTrue(refused.toString().contains("lib-1.2-sources.jar"), refused.toString());
    assertFalse(Files.exists(cache.resolve("lib-1.2-sources.jar")));
  }

  @Test
  void mavensFirstErrorIsTheReason() throws IOException {
    Path maven = maven("echo 'fine'; echo '[ERROR] no such artifact'; exit 1");
    MavenSources sources = new MavenSources(folder.resolve("cache"), List.of(maven.toString()));
    MavenSources.Artifact artifact = new MavenSources.Artifact(COORDINATES, "0".repeat(64));
    IOException refused = assertThrows(IOException.class, () -> sources.jar(artifact));
    assertEquals(
        COORDINATES + ": Maven did not get its sources: [ERROR] no such artifact",
        refused.getMessage());
  }

  @Test
  void aMissingMavenIsSaidInOneLine() {
    MavenSources sources =
        new MavenSources(folder.resolve("cache"), List.of(folder.resolve("mvn").toString()));
    MavenSources.Artifact artifact = new MavenSources.Artifact(COORDINATES, "0".repeat(64));
    IOException refused = assertThrows(IOException.class, () -> sources.jar(artifact));
    assertTrue(refused.toString().contains("install Maven"), refused.toString());
  }

  @Test
  void malformedArtifactsAreRefusedByField() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new MavenSources.Artifact("org.example:lib", "0".repeat(64)));
    assertThrows(
        IllegalArgumentException.class, () -> new MavenSources.Artifact(COORDINATES, "00"));
  }

  /** Returns a stand-in for Maven that knows its output folder. */
  private Path maven(String commands) throws IOException {
    String script =
        """
        #!/bin/sh
        for word in "$@"; do
          case $word in -DoutputDirectory=*) folder=${word#*=} ;; esac
        done
        %s
        """
            .formatted(commands);
    Path maven = Files.writeString(folder.resolve("mvn"), script);
    return Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwx------"));
  }

  private Path jar() throws IOException {
    Path jar = folder.resolve("lib.jar");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      add(zip, "b/B.java", "/* licence\n package x; */\r\npackage b;\r\n\r\nclass B {}\r\n");
      add(zip, "a/A.java", "package a;\nclass A {}\n");
      add(zip, "module-info.java", "module m {}");
      add(zip, "a/notes.txt", "package a;");
    }
    return jar;
  }

  private static void add(ZipOutputStream zip, String name, String text) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(text.getBytes(StandardCharsets.UTF_8));
    zip.closeEntry();
  }

  private static String sha256(Path file) throws IOException {
    return new Sha256().add(Files.readAllBytes(file)).end().substring("sha256:".length());
  }
}
