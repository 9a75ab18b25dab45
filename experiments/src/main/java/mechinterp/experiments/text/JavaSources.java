package mechinterp.experiments.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import mechinterp.activation.Document;
import mechinterp.io.FileProblem;

/**
 * The Java files of a sources' jar: code and Javadoc. A document is a file from its {@code package}
 * line on: the licence's text above it is the same in all files.
 */
public final class JavaSources {
  private static final Pattern PACKAGE = Pattern.compile("(?m)^package [\\w.]+;");

  private JavaSources() {}

  /**
   * Returns the files that belong to a package, by rising path; an id is {@code java
   * com/example/Name.java}.
   *
   * @throws IOException when the jar cannot be read
   */
  public static List<Document> of(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      List<Document> documents = new ArrayList<>();
      List<? extends ZipEntry> files =
          zip.stream()
              .filter(entry -> entry.getName().endsWith(".java"))
              .sorted(Comparator.comparing(ZipEntry::getName))
              .toList();
      for (ZipEntry file : files) {
        byte[] bytes = zip.getInputStream(file).readAllBytes();
        String text = withoutLicence(new String(bytes, StandardCharsets.UTF_8));
        if (!text.isEmpty()) {
          documents.add(new Document("java " + file.getName(), text));
        }
      }
      return documents;
    } catch (IOException e) {
      throw FileProblem.reading(jar, e);
    }
  }

  /** Returns the text from its package line on, with line feeds; empty when it has none. */
  static String withoutLicence(String text) {
    String lines = text.replace("\r\n", "\n");
    Matcher found = PACKAGE.matcher(lines);
    return found.find() ? lines.substring(found.start()).strip() : "";
  }
}
