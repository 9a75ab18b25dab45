package mechinterp.experiments.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import mechinterp.activation.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaSourcesTest {
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
}
