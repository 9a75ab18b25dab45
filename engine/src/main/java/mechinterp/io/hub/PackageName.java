package mechinterp.io.hub;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A Python package.
 *
 * @param name its name in the form that all spellings have in common: small letters, with a hyphen
 *     for any run of {@code -}, {@code _} and {@code .}
 * @param version a certain version, or none for the newest
 */
public record PackageName(String name, Optional<String> version) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?");
  private static final Pattern VERSION = Pattern.compile("[0-9A-Za-z]([0-9A-Za-z.!+_]{0,98})");

  /**
   * Brings the name into its form.
   *
   * @throws IllegalArgumentException when a part cannot be of a package
   */
  public PackageName {
    String given = name;
    name = name.toLowerCase(Locale.ROOT).replaceAll("[-_.]+", "-");
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "package: is \"%s\"; it must be a name of letters, digits, -, _ and ."
              .formatted(visible(given)));
    }
    if (version.isPresent() && !isVersion(version.get())) {
      throw new IllegalArgumentException(
          "version: is \"%s\"; it must be one such as 0.1.2".formatted(visible(version.get())));
    }
  }

  /**
   * Reads {@code pypi:NAME} or {@code pypi:NAME==VERSION}.
   *
   * @throws IllegalArgumentException when it is neither
   */
  public static PackageName parse(String text) {
    if (!text.startsWith(PackagedModels.PREFIX)) {
      throw new IllegalArgumentException(
          "package: is \"%s\"; it must begin with %s"
              .formatted(visible(text), PackagedModels.PREFIX));
    }
    String[] parts = text.substring(PackagedModels.PREFIX.length()).split("==", 2);
    return new PackageName(parts[0], parts.length == 2 ? Optional.of(parts[1]) : Optional.empty());
  }

  static boolean isVersion(String text) {
    return VERSION.matcher(text).matches() && !text.contains("..");
  }

  private static String visible(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** Returns {@code NAME} or {@code NAME==VERSION}, as pip takes it. */
  String requirement() {
    return version.map(exact -> name + "==" + exact).orElse(name);
  }

  /** Returns the text that {@link #parse} reads. */
  @Override
  public String toString() {
    return PackagedModels.PREFIX + requirement();
  }
}
