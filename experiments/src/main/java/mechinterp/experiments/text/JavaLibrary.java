package mechinterp.experiments.text;

import java.util.Optional;
import mechinterp.io.hub.MavenArtifacts;

/**
 * A Java library whose sources are read.
 *
 * @param coordinates {@code group:artifact:version}
 * @param sha256 of its sources' jar, as 64 hexadecimal digits
 */
public record JavaLibrary(String coordinates, String sha256) {
  /**
   * Checks the form.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public JavaLibrary {
    var _ = sources(coordinates, sha256);
  }

  /** Returns the jar of its sources. */
  public MavenArtifacts.Artifact sources() {
    return sources(coordinates, sha256);
  }

  private static MavenArtifacts.Artifact sources(String coordinates, String sha256) {
    return new MavenArtifacts.Artifact(coordinates, Optional.of("sources"), sha256);
  }
}
