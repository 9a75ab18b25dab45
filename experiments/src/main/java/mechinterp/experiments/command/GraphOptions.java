package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.circuits.graph.AttributionGraph;
import mechinterp.circuits.graph.GraphBuilder;
import mechinterp.circuits.graph.GraphSettings;
import mechinterp.circuits.graph.LocalReplacementModel;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.SaePlace;
import mechinterp.experiments.run.TranscoderFolders;
import mechinterp.model.Transformer;
import picocli.CommandLine.Option;

/** Which transcoders, and how large a graph may become. */
final class GraphOptions {
  private static final GraphSettings DEFAULTS = GraphSettings.defaults();
  private static final int MEBIBYTE = 20;

  @Option(
      names = "--transcoders",
      required = true,
      arity = "1..*",
      paramLabel = "DIR",
      description = {
        "Transcoders of the model's MLPs, of any format that docs/sae-files.md lists: one for each"
            + " layer, a folder of such folders, a set of circuit-tracer, or a cross-layer"
            + " transcoder."
      })
  private List<String> transcoders = List.of();

  @Option(
      names = "--input",
      paramLabel = "SITE",
      description = {
        "What they encode in each block: hook_mlp_in, hook_resid_mid, hook_resid_pre or",
        "ln2.hook_normalized. Default: what the files say."
      })
  private Optional<String> input = Optional.empty();

  @Option(
      names = "--max-nodes",
      paramLabel = "N",
      description = "Most latents, those with the largest influence. Default: ${DEFAULT-VALUE}.")
  private int maxNodes = DEFAULTS.maxNodes();

  @Option(
      names = "--max-logits",
      paramLabel = "N",
      description = "Most next tokens. Default: ${DEFAULT-VALUE}.")
  private int maxLogits = DEFAULTS.maxLogits();

  @Option(
      names = "--logit-mass",
      paramLabel = "P",
      description =
          "The likeliest next tokens are taken until they have this probability together. Default:"
              + " ${DEFAULT-VALUE}.")
  private double logitMass = DEFAULTS.logitMass();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description =
          "Most tokens of the copies of the prompt that go back at once. Default:"
              + " ${DEFAULT-VALUE}.")
  private int maxTokens = DEFAULTS.maxTokens();

  @Option(
      names = "--row-memory",
      paramLabel = "MIB",
      description =
          "Rows of effects beyond this go to a temporary file. Default: ${DEFAULT-VALUE}.")
  private int rowMemory = (int) (DEFAULTS.rowBytes() >> MEBIBYTE);

  /** Returns the settings. */
  GraphSettings settings() {
    return DEFAULTS
        .withLogits(maxLogits, logitMass)
        .withMaxNodes(maxNodes)
        .withMemory(maxTokens, (long) rowMemory << MEBIBYTE);
  }

  /** Returns where the transcoders are, as they were named. */
  List<String> names() {
    return List.copyOf(transcoders);
  }

  /** Reads the transcoders. */
  TranscoderFolders.Loaded load(Transformer model, ResultOutput output) throws IOException {
    List<Path> places = new ArrayList<>();
    for (String name : transcoders) {
      places.add(SaePlace.find(name, output.progress()));
    }
    return new TranscoderFolders(model, input).load(places);
  }

  /** Makes the graph, after showing what it takes. */
  AttributionGraph build(LocalReplacementModel local, ResultOutput output) {
    GraphBuilder builder = new GraphBuilder(local, settings());
    int latents = Math.min(maxNodes, builder.activeLatents());
    try (Progress progress = output.progress().start("circuit graph", latents, "latents")) {
      progress.note("plan: " + builder.plan().toString().replace("\n", "\n  "));
      if (builder.spilledBytes() > 0) {
        progress.note(
            "plan: up to %,d MiB of rows in a temporary file"
                .formatted((builder.spilledBytes() >> MEBIBYTE) + 1));
      }
      return builder.build(progress::update);
    }
  }
}
