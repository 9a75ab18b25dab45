package mechinterp.io.hub;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import mechinterp.io.Sha256;

/**
 * A stand-in for Maven: a script that knows its output folder.
 *
 * @param folder that holds it and its jars
 */
record FakeMaven(Path folder) {
  static final FakeMaven NONE = new FakeMaven(Path.of("none"));

  /** Writes one that copies what is published. */
  static FakeMaven in(Path folder) throws IOException {
    FakeMaven maven = new FakeMaven(folder);
    maven.does("cp " + folder + "/*.jar \"$folder/\"");
    return maven;
  }

  /** Writes what it does, in the language of the shell. */
  void does(String commands) throws IOException {
    String script =
        """
        #!/bin/sh
        for word in "$@"; do
          case $word in -DoutputDirectory=*) folder=${word#*=} ;; esac
        done
        %s
        """
            .formatted(commands);
    Files.writeString(program(), script);
    Files.setPosixFilePermissions(program(), PosixFilePermissions.fromString("rwx------"));
  }

  Path program() {
    return folder.resolve("mvn");
  }

  /** Writes a jar that it copies. */
  Path publish(String name, Map<String, String> content) throws IOException {
    Path jar = folder.resolve(name);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (Map.Entry<String, String> file : content.entrySet()) {
        zip.putNextEntry(new ZipEntry(file.getKey()));
        zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return jar;
  }

  static String sha256(Path file) throws IOException {
    return new Sha256().add(Files.readAllBytes(file)).end().substring("sha256:".length());
  }
}
