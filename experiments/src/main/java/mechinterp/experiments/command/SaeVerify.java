package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.run.SaeSource;
import mechinterp.experiments.run.SaeVerification;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp sae verify}. */
@Command(
    name = "verify",
    description = {
      "Measure FVU and L0 on a model and text, and warn when they do not fit what the files say:",
      "a wrong hook, model or layer, a scale that was not folded."
    })
public final class SaeVerify implements Callable<Integer> {
  private static final int LONGEST_CONTEXT = 1024;

  @Mixin private SaeOption sae;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "M",
      description = ModelOptions.DESCRIPTION)
  private String model;

  @Mixin private HookOption hook;

  @Option(
      names = "--text",
      required = true,
      paramLabel = "FILE",
      description = "Text file in UTF-8; each line that is not blank is a document.")
  private Path text;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Most tokens to take (default: ${DEFAULT-VALUE}).")
  private int tokens = 4096;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String sae, String model, List<String> hooks, SaeVerification verification) {}

  @Override
  public Integer call() throws IOException {
    try (Device device = deviceOptions.open()) {
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      List<HookPoint> sites = hook.of(loaded, sae);
      Transformer transformer = Models.load(model, device);
      try (ActivationStore store = harvest(transformer, sites)) {
        SaeSource.requireWidth(
            store, loaded.sae().config().rowWidthName(), loaded.sae().config().rowWidth());
        SaeVerification verification = SaeVerification.of(loaded, store, output.progress());
        output.print(
            new Result(sae.toString(), model, names(sites), verification),
            describe(verification, names(sites)));
      }
    }
    return 0;
  }

  private static List<String> names(List<HookPoint> sites) {
    return sites.stream().map(HookPoint::toString).toList();
  }

  private ActivationStore harvest(Transformer transformer, List<HookPoint> sites)
      throws IOException {
    int context = Math.min(LONGEST_CONTEXT, transformer.config().nCtx());
    Harvester harvester = Harvester.of(transformer, sites).with(HarvestConfig.ofContext(context));
    Corpus corpus = Corpus.text(text);
    return Harvesting.run(
        harvester, tokens, ready -> ready.collect(corpus, tokens), output.progress());
  }

  private static String describe(SaeVerification result, List<String> sites) {
    StringBuilder lines = new StringBuilder();
    lines.append(
        String.format(
            Locale.ROOT,
            "%s: %,d tokens, FVU %.4f, L0 %.2f%s",
            String.join(", ", sites),
            result.tokens(),
            result.fvu(),
            result.l0(),
            claim(result.claimedL0())));
    for (String warning : result.warnings()) {
      lines.append("\nwarning: ").append(warning);
    }
    if (result.warnings().isEmpty()) {
      lines.append("\nnothing speaks against the files");
    }
    return lines.toString();
  }

  private static String claim(Optional<Double> l0) {
    return l0.map(value -> String.format(Locale.ROOT, " (the files say %.1f)", value)).orElse("");
  }
}
