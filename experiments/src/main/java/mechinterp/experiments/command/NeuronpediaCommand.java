package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.analysis.neuronpedia.NeuronpediaFolder;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.dashboard.Dashboard;
import mechinterp.experiments.dashboard.NeuronpediaPages;
import mechinterp.experiments.run.RunFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mechinterp neuronpedia}. */
@Command(
    name = "neuronpedia",
    description = {
      "Make a folder of pages, as dashboard does, of an export of Neuronpedia or of SAEDashboard's",
      "files. Neither the model nor the autoencoder is needed."
    })
public final class NeuronpediaCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "EXPORT",
      description =
          "Folder of a source, with features/batch-N.jsonl.gz, or folder with batch-N.json.")
  private Path export;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write, new or empty.")
  private Path out;

  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String out, String model, String source, int latents) {}

  @Override
  public Integer call() throws IOException {
    RunFiles.requireFree(out);
    NeuronpediaFolder folder = NeuronpediaFolder.open(export);
    NeuronpediaFolder.Summary found = folder.summary();
    String subtitle =
        String.format(
            Locale.ROOT,
            "%s of %s; %,d latents, from Neuronpedia's files",
            found.source(),
            found.model(),
            found.latents());
    try (Progress progress = output.progress().start("pages", found.latents(), "latents")) {
      Dashboard.write(
          out,
          new Dashboard.Heading(found.source(), subtitle),
          new NeuronpediaPages(folder, found.latents()),
          progress::update);
    }
    output.print(
        new Result(out.toString(), found.model(), found.source(), found.latents()),
        "%s: open %s".formatted(subtitle, out.resolve("index.html").toAbsolutePath()));
    return 0;
  }
}
