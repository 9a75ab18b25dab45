package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.megabench.BenchReport;
import mechinterp.experiments.megabench.BenchResults;
import mechinterp.experiments.megabench.BenchTables;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code mechinterp megabench report}. */
@Command(
    name = "report",
    description = {
      "Show what was measured: tables, noise, rankings; and write DIR/report.html, report.md and results.jsonl.",
      "DIR may hold nothing but a results.jsonl."
    })
public final class MegabenchReport implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "Folder of megabench run.")
  private Path folder;

  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String report, List<BenchResults.Printed> cells) {}

  @Override
  public Integer call() throws IOException {
    BenchResults results = BenchResults.of(folder);
    Path page = BenchReport.write(results, folder);
    output.print(
        new Result(page.toString(), results.printed()),
        BenchTables.text(results) + "\nPage: " + page.toAbsolutePath());
    return 0;
  }
}
