package mechinterp.experiments.ladder;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.data.ModelParts;
import mechinterp.experiments.data.SeedTraining;
import mechinterp.experiments.data.SplicedTexts;
import mechinterp.experiments.megabench.BenchModel;
import mechinterp.experiments.run.Evaluation;
import mechinterp.io.AtomicFile;
import mechinterp.io.Json;
import mechinterp.model.Transformer;
import mechinterp.model.WeightNames;
import mechinterp.sae.SaeConfig;

/**
 * Trains what is missing of a ladder and measures it. Each autoencoder that is finished has a file
 * and is not done again, so a run that was stopped goes on.
 */
public final class Ladder {
  /** Fraction of variance unexplained of the test activations. */
  public static final String FVU = "fvu";

  /** Rise of the language model's cross-entropy. */
  public static final String CE_RISE = "ce_rise";

  private static final Progress.Display SILENT =
      new Progress.Display(new PrintWriter(Writer.nullWriter()), false, System::nanoTime);
  private static final int TEXTS_AT_ONCE = 16;

  private final LadderConfig config;
  private final Path out;
  private final Device device;
  private final Progress.Display display;

  /**
   * Begins.
   *
   * @param out folder of the results, new or that of an earlier run
   */
  public Ladder(LadderConfig config, Path out, Device device, Progress.Display display) {
    this.config = config;
    this.out = out;
    this.device = device;
    this.display = display;
  }

  /**
   * Does what is missing and writes {@code points-fvu.jsonl} and, of language models, {@code
   * points-ce_rise.jsonl}.
   *
   * @throws IOException when a model cannot be read, or a result not be written or read
   * @throws IllegalArgumentException before anything is trained, when a kind is not possible
   */
  public void run() throws IOException {
    List<LadderCell> all =
        config.models().stream().flatMap(model -> config.cells(model).stream()).toList();
    List<LadderCell> missing = all.stream().filter(cell -> !Files.exists(file(cell))).toList();
    Files.createDirectories(cells());
    Json.write(out.resolve("ladder.json"), config);
    display.note("ladder: %d of %d autoencoders to train".formatted(missing.size(), all.size()));
    TimeLeft left = new TimeLeft(missing);
    for (BenchModel model : config.models()) {
      List<LadderCell> own =
          missing.stream().filter(cell -> cell.model().name().equals(model.name())).toList();
      if (!own.isEmpty()) {
        run(model, own, left);
      }
    }
    write(FVU, all);
    write(CE_RISE, all);
  }

  private Path cells() {
    return out.resolve("cells");
  }

  private Path file(LadderCell cell) {
    return cells().resolve(cell.fileName());
  }

  /** Returns the file of the points of a measure. */
  public static Path points(Path out, String measure) {
    return out.resolve("points-" + measure + ".jsonl");
  }

  private void run(BenchModel model, List<LadderCell> missing, TimeLeft left) throws IOException {
    Path activations = out.resolve("activations").resolve(model.name());
    try (ModelParts parts = (ModelParts) model.data().open(activations, device, display)) {
      Measures measures = Measures.of(parts, device);
      for (LadderCell cell : missing) {
        LadderPoint point = train(cell, parts, measures);
        Json.write(file(cell), point);
        display.note(left.done(cell, point.fvu()));
      }
    }
  }

  /** What all autoencoders of a model share. */
  private record Measures(
      double parameters, double intrinsicDimension, Optional<SplicedTexts> texts) {
    static Measures of(ModelParts parts, Device device) throws IOException {
      Transformer model = parts.model();
      return new Measures(
          parameters(model),
          Spectrum.participationRatio(parts.training(), parts.mean(), device),
          model.config().unembed().isPresent()
              ? Optional.of(SplicedTexts.of(parts, parts.splicedTexts(TEXTS_AT_ONCE)))
              : Optional.empty());
    }

    private static double parameters(Transformer model) {
      return WeightNames.shapes(model.config()).values().stream()
          .mapToLong(
              shape -> shape.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b))
          .sum();
    }
  }

  private LadderPoint train(LadderCell cell, ModelParts parts, Measures measures) {
    SaeConfig sae = cell.config(parts.dIn());
    SeedTraining trained =
        SeedTraining.of(
            cell.kind(), sae, cell.train(), parts.training(cell.seed()), device, display);
    return new LadderPoint(
        cell.model().name(),
        cell.kind(),
        cell.seed(),
        cell.dSae(),
        cell.k(),
        cell.tokens(),
        SeedTraining.flops(sae, cell.k(), cell.train()),
        trained.seconds(),
        measures.parameters(),
        measures.intrinsicDimension(),
        Evaluation.of(trained.sae(), parts.test(), SILENT).metrics().fvu(),
        measures.texts().map(texts -> texts.rise(trained.sae()).crossEntropy()));
  }

  private void write(String measure, List<LadderCell> all) throws IOException {
    List<String> lines = new ArrayList<>();
    for (LadderCell cell : all) {
      LadderPoint point = Json.read(file(cell), LadderPoint.class);
      point
          .loss(measure)
          .ifPresent(loss -> lines.add(Json.compact(point.line(measure, loss)) + "\n"));
    }
    if (!lines.isEmpty()) {
      byte[] text = String.join("", lines).getBytes(StandardCharsets.UTF_8);
      AtomicFile.write(points(out, measure), file -> file.write(text));
    }
  }
}
