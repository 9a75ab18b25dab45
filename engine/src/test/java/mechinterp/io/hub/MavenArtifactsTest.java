package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.hub.MavenArtifacts.Artifact;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MavenArtifactsTest {
  private static final String COORDINATES = "org.example:lib:1.2";
  private static final Artifact WRONG =
      new Artifact(COORDINATES, Optional.of("sources"), "0".repeat(64));

  @TempDir private Path folder;
  private FakeMaven maven = FakeMaven.NONE;

  @BeforeEach
  void writeMaven() throws IOException {
    maven = FakeMaven.in(folder);
  }

  private MavenArtifacts artifacts() {
    return new MavenArtifacts(folder.resolve("cache"), List.of(maven.program().toString()));
  }

  @Test
  void mavenFetchesOnceAndTheCacheKeepsTheFile() throws IOException {
    Path jar = maven.publish("lib-1.2-sources.jar", Map.of("A.java", "class A {}"));
    Artifact artifact = new Artifact(COORDINATES, Optional.of("sources"), FakeMaven.sha256(jar));
    Path fetched = artifacts().jar(artifact);
    assertEquals(-1, Files.mismatch(jar, fetched));
    Files.delete(maven.program());
    assertEquals(fetched, artifacts().jar(artifact));
  }

  @Test
  void anotherFileThanTheHashNamesIsRefusedAndNotKept() throws IOException {
    maven.publish("lib-1.2-sources.jar", Map.of("A.java", "class A {}"));

    assertTrue(
        Refusal.of(FormatException.class, () -> artifacts().jar(WRONG))
            .contains("lib-1.2-sources.jar: is sha256:"));
    assertFalse(Files.exists(folder.resolve("cache/lib-1.2-sources.jar")));
  }

  @Test
  void mavensFirstErrorIsTheReason() throws IOException {
    maven.does("echo 'fine'; echo '[ERROR] no such artifact'; exit 1");

    assertEquals(
        COORDINATES + ":jar:sources: Maven did not get it: [ERROR] no such artifact",
        Refusal.of(IOException.class, () -> artifacts().jar(WRONG)));
  }

  @Test
  void aMissingMavenIsSaidInOneLine() throws IOException {
    Files.delete(maven.program());

    assertEquals(
        "%s:jar:sources: Maven fetches it, and %s cannot be run; install Maven, or name it in MECHINTERP_MAVEN"
            .formatted(COORDINATES, maven.program()),
        Refusal.of(IOException.class, () -> artifacts().jar(WRONG)));
  }

  @Test
  void malformedArtifactsAreRefusedByField() {
    assertEquals(
        "coordinates: is \"org.example:lib\"; it must be group:artifact:version",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new Artifact("org.example:lib", Optional.empty(), "0".repeat(64))));
    assertEquals(
        "sha256: is \"00\"; it must be 64 hexadecimal digits",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new Artifact(COORDINATES, Optional.empty(), "00")));
  }

  @Test
  void theEnvironmentMayNameMaven() {
    assertEquals("mvn", MavenArtifacts.program(Map.of()));
    assertEquals("mvn", MavenArtifacts.program(Map.of("MECHINTERP_MAVEN", " ")));
    assertEquals("/opt/mvnw", MavenArtifacts.program(Map.of("MECHINTERP_MAVEN", "/opt/mvnw")));
  }
}
