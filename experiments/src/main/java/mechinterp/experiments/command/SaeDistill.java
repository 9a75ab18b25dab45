package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationBatches;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.SaeSource;
import mechinterp.metrics.ShortlistRecall;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.SelectorConfig;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeFormats;
import mechinterp.tensor.FloatMatrix;
import mechinterp.training.SelectorTrainConfig;
import mechinterp.training.SelectorTrainer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp sae distill}. */
@Command(
    name = "distill",
    description = {
      "Distil a selector from a TopK autoencoder or a hybrid: scores of low rank and 8 bits that"
          + " say",
      "which latents are worth a look, so that encoding one token reads a fraction of the weights.",
      "The last tenth of the activations is held out, and the recall is measured on it."
    })
public final class SaeDistill implements Callable<Integer> {
  private static final int HELD_OUT = 10;
  private static final int BATCH = 1024;

  @Mixin private SaeOption sae;

  @ArgGroup(multiplicity = "1")
  private ActivationSource source;

  @Option(names = "--rank", paramLabel = "R", description = "Rank. Default: d_in / 4.")
  private Optional<Integer> rank = Optional.empty();

  @Option(
      names = "--factor",
      paramLabel = "C",
      description = "Latents on a token's shortlist as a multiple of k. Default: 8.")
  private Optional<Integer> factor = Optional.empty();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of learning (default: ${DEFAULT-VALUE}).")
  private int steps = SelectorTrainConfig.defaults().steps();

  @Option(
      names = "--batch",
      paramLabel = "B",
      description = "Tokens of a step (default: ${DEFAULT-VALUE}).")
  private int batch = SelectorTrainConfig.defaults().batchSize();

  @Option(
      names = "--lr",
      paramLabel = "L",
      description =
          "Highest learning rate, as a share of the size of the weights (default:"
              + " ${DEFAULT-VALUE}).")
  private double learningRate = SelectorTrainConfig.defaults().learningRate();

  @Option(
      names = "--seed",
      paramLabel = "S",
      description =
          "Seed of the start and of the order of the activations (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write, missing or empty: the autoencoder and selector.safetensors.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /**
   * What is printed.
   *
   * @param recall share of the k largest latents that is on the shortlist, on held-out activations
   * @param denseBytes bytes of weights that encoding one token reads without the selector
   */
  record Result(
      String out,
      int rank,
      int shortlist,
      int heldOutTokens,
      double recall,
      long bytes,
      long denseBytes) {}

  @Override
  public Integer call() throws IOException {
    RunFiles.requireFree(out);
    SelectorTrainConfig training = new SelectorTrainConfig(steps, batch, learningRate, seed);
    try (Device device = deviceOptions.open();
        ActivationStore opened = source.open()) {
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      ActivationStore store =
          SaeSource.fitting(loaded, opened).withNormalization(Normalization.NONE);
      int heldOut = heldOut(store);
      ActivationBatches batches =
          store.shuffled(store.first(store.tokens() - heldOut), device, seed);
      SelectedSae selected;
      try (Progress progress = output.progress().start("distill", steps, "steps")) {
        selected =
            new SelectorTrainer(device, training)
                .train(
                    loaded.sae(), config(loaded), batches, (step, _, _) -> progress.update(step));
      }
      SaeFiles.save(selected, out, loaded.metadata());
      Result result = result(selected, heldOut, recall(selected, store, heldOut));
      output.print(result, describe(result));
    }
    return 0;
  }

  private static int heldOut(ActivationStore store) {
    int heldOut = store.tokens() / HELD_OUT;
    if (heldOut == 0) {
      throw new IllegalArgumentException(
          "%s: has %d tokens; there must be at least %d, of which a tenth is held out"
              .formatted(store.name(), store.tokens(), HELD_OUT));
    }
    return heldOut;
  }

  private SelectorConfig config(LoadedSae loaded) {
    SelectorConfig defaults = SelectorConfig.of(loaded.sae().dIn());
    return new SelectorConfig(rank.orElse(defaults.rank()), factor.orElse(defaults.factor()));
  }

  private static double recall(SelectedSae sae, ActivationStore store, int heldOut) {
    int rows = Math.min(BATCH, heldOut);
    ShortlistRecall recall = ShortlistRecall.of(sae, rows);
    FloatMatrix x = sae.device().floats(rows, store.dIn());
    float[] read = new float[Math.multiplyExact(rows, store.dIn())];
    for (int first = store.tokens() - heldOut; first < store.tokens(); first += rows) {
      int count = Math.min(rows, store.tokens() - first);
      store.read(first, count, read, 0);
      sae.device().upload(x.rowRange(0, count), read, 0);
      recall.add(x.rowRange(0, count));
    }
    return recall.recall();
  }

  private Result result(SelectedSae sae, int heldOut, double recall) {
    SelectorConfig config = sae.selector().config();
    return new Result(
        out.toString(),
        config.rank(),
        SelectedSae.size(sae.sae(), config),
        heldOut,
        recall,
        sae.bytesPerToken(),
        sae.denseBytesPerToken());
  }

  private static String describe(Result result) {
    return String.format(
        Locale.ROOT,
        """
        %s: rank %d, shortlist of %d latents
        recall of the k largest  %.4f on %,d tokens held out
        bytes a token            %,d, %.3f of the encoder's %,d
        """,
        result.out(),
        result.rank(),
        result.shortlist(),
        result.recall(),
        result.heldOutTokens(),
        result.bytes(),
        (double) result.bytes() / result.denseBytes(),
        result.denseBytes());
  }
}
