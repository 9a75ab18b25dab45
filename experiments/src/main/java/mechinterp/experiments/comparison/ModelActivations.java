package mechinterp.experiments.comparison;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.analysis.DecoderGeometry;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.data.ModelParts;
import mechinterp.experiments.data.OpenedData;
import mechinterp.experiments.data.Probes;
import mechinterp.experiments.data.SplicedTexts;
import mechinterp.experiments.data.TokenDetection;
import mechinterp.experiments.run.Evaluation;
import mechinterp.experiments.run.SaeSource;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.tensor.FloatMatrix;

/** What is measured on activations of a model. */
final class ModelActivations implements ComparedActivations {
  private static final Progress.Display SILENT =
      new Progress.Display(new PrintWriter(Writer.nullWriter()), false, System::nanoTime);
  private static final int TEXTS_AT_ONCE = 16;
  private static final int FIGURES = 3;
  private static final int SAMPLE = 4096;

  private final ModelParts parts;
  private final Transformer model;
  private final Device device;
  private final List<TokenBatch> splicedTexts;
  private final TokenDetection tokens;
  private final Probes probes;
  private Optional<SplicedTexts> spliced = Optional.empty();

  private ModelActivations(
      ModelParts parts, List<TokenBatch> splicedTexts, Probes probes, Device device) {
    this.parts = parts;
    this.model = parts.model();
    this.device = device;
    this.splicedTexts = splicedTexts;
    this.probes = probes;
    this.tokens = TokenDetection.ofFrequent(parts.training(), parts.data().frequentTokens());
  }

  static ModelActivations of(ModelParts parts, Device device) throws IOException {
    return new ModelActivations(
        parts,
        parts.splicedTexts(TEXTS_AT_ONCE),
        Probes.of(
            parts.data().probedEntries(),
            parts.data().text().seed(),
            corpus -> parts.harvested("probes", corpus)),
        device);
  }

  @Override
  public int dIn() {
    return parts.dIn();
  }

  @Override
  public SaeMetadata metadata() {
    return SaeSource.metadata(parts.training().identity(), parts.training().sites());
  }

  @Override
  public OpenedData.Training training(long seed) {
    return parts.training(seed);
  }

  @Override
  public double validationFvu(Sae sae) {
    return Evaluation.of(Codes.ofEncoder(sae), parts.validation(), SILENT).metrics().fvu();
  }

  @Override
  public int figuresVersion() {
    return FIGURES;
  }

  @Override
  public Map<String, Double> testFigures(Sae sae, int k) {
    Map<String, Double> figures = new LinkedHashMap<>(figures(Codes.ofEncoder(sae)));
    figures.put("nearest_cosine", nearestCosine(sae));
    figures(Codes.ofPursuit(sae, k))
        .forEach((name, value) -> figures.put(Codes.PURSUIT + name, value));
    reconstruction(Codes.ofAdaptive(sae, k, sample()))
        .forEach((name, value) -> figures.put(Codes.ADAPTIVE + name, value));
    reconstruction(Codes.ofMatching(sae, k))
        .forEach((name, value) -> figures.put(Codes.MATCHING + name, value));
    return figures;
  }

  private FloatMatrix sample() {
    int count = Math.min(SAMPLE, parts.validation().tokens());
    float[] rows = new float[Math.multiplyExact(count, parts.dIn())];
    parts.validation().read(0, count, rows, 0);
    return device.matrix(count, parts.dIn(), rows);
  }

  private Map<String, Double> figures(Sae sae) {
    Map<String, Double> figures = reconstruction(sae);
    figures.putAll(tokens.f1(sae, parts.validation(), parts.test()));
    figures.putAll(probes.accuracies(sae));
    return figures;
  }

  private Map<String, Double> reconstruction(Sae sae) {
    Map<String, Double> figures = new LinkedHashMap<>();
    ReconstructionMetrics metrics = Evaluation.of(sae, parts.test(), SILENT).metrics();
    figures.put("fvu", metrics.fvu());
    figures.put("l0", metrics.l0());
    figures.put("dead_fraction", metrics.deadFraction());
    if (model.config().unembed().isPresent()) {
      SplicedTexts.Rise rise = texts().rise(sae);
      figures.put("ce_rise", rise.crossEntropy());
      figures.put("kl", rise.klDivergence());
    }
    return figures;
  }

  private SplicedTexts texts() {
    SplicedTexts made = spliced.orElseGet(() -> SplicedTexts.of(parts, splicedTexts));
    spliced = Optional.of(made);
    return made;
  }

  /** Mean over latents of the cosine of their decoder row with the nearest other one. */
  private static double nearestCosine(Sae sae) {
    double sum = 0;
    float[] cosines = new DecoderGeometry(sae).nearestCosines();
    for (float cosine : cosines) {
      sum += cosine;
    }
    return sum / cosines.length;
  }

  @Override
  public void close() {
    parts.close();
    probes.close();
  }
}
