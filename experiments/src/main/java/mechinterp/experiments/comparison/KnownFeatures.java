package mechinterp.experiments.comparison;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.experiments.data.KnownParts;
import mechinterp.experiments.data.OpenedData;
import mechinterp.metrics.FeatureAbsorption;
import mechinterp.metrics.FeatureRecovery;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.metrics.ReconstructionSums;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.synthetic.FiredFeatures;
import mechinterp.synthetic.SyntheticActivations;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** What is measured on activations whose features are known. */
final class KnownFeatures implements ComparedActivations {
  private static final int FIGURES = 3;
  private static final String ABSORPTION = "absorption";
  private static final List<String> PURSUED = List.of("fvu", "l0", "f1", ABSORPTION);

  private final KnownParts parts;
  private final SyntheticActivations activations;
  private final Device device;

  KnownFeatures(KnownParts parts, Device device) {
    this.parts = parts;
    this.activations = parts.activations();
    this.device = device;
  }

  @Override
  public int dIn() {
    return parts.dIn();
  }

  @Override
  public SaeMetadata metadata() {
    return new SaeMetadata(Map.of());
  }

  @Override
  public OpenedData.Training training(long seed) {
    return parts.training(seed);
  }

  @Override
  public double validationFvu(Sae sae) {
    return new Measurement(Codes.ofEncoder(sae)).of(parts.validation()).sums.metrics().fvu();
  }

  @Override
  public int figuresVersion() {
    return FIGURES;
  }

  @Override
  public Map<String, Double> testFigures(Sae sae, int k) {
    Map<String, Double> figures = new Measurement(Codes.ofEncoder(sae)).of(parts.test()).figures();
    addPursued(figures, Codes.PURSUIT, Codes.ofPursuit(sae, k));
    addPursued(figures, Codes.ADAPTIVE, Codes.ofAdaptive(sae, k, sample()));
    addPursued(figures, Codes.MATCHING, Codes.ofMatching(sae, k));
    return figures;
  }

  private FloatMatrix sample() {
    FiredFeatures first = parts.validation().getFirst();
    FloatMatrix sample = device.floats(first.activations(), activations.dIn());
    activations.write(sample, first);
    return sample;
  }

  private void addPursued(Map<String, Double> figures, String prefix, Sae sae) {
    new Measurement(sae)
        .of(parts.test())
        .figures()
        .forEach((name, value) -> {
          if (PURSUED.contains(name)) {
            figures.put(prefix + name, value);
          }
        });
  }

  @Override
  public void close() {
    parts.close();
  }

  /** What is added up over activations. */
  private final class Measurement {
    private final Sae sae;
    private final FloatMatrix x;
    private final FloatMatrix reconstruction;
    private final SparseCodes codes;
    private final ReconstructionSums sums;
    private final FeatureRecovery recovery;
    private final FeatureAbsorption absorption;

    Measurement(Sae sae) {
      this.sae = sae;
      x = device.floats(KnownParts.AT_ONCE, sae.dIn());
      reconstruction = device.floats(KnownParts.AT_ONCE, sae.dIn());
      codes = sae.newCodes(KnownParts.AT_ONCE);
      sums =
          Workspace.allocate(
              "comparison",
              device,
              w ->
                  new ReconstructionSums(
                      w, KnownParts.AT_ONCE, sae.dIn(), sae.dSae(), sae.maxActive()));
      recovery = new FeatureRecovery(device, sae.weights().wDec(), activations.directions());
      absorption = new FeatureAbsorption(recovery.nearestFeatures(), activations.forest());
    }

    Measurement of(List<FiredFeatures> part) {
      part.forEach(this::add);
      return this;
    }

    private void add(FiredFeatures fired) {
      FloatMatrix inputs = x.rowRange(0, fired.activations());
      FloatMatrix decoded = reconstruction.rowRange(0, fired.activations());
      SparseCodes active = codes.rowRange(0, fired.activations());
      activations.write(inputs, fired);
      sae.encode(active, inputs);
      sae.decode(decoded, active);
      sums.add(inputs, decoded, active);
      int[] indices = device.toHost(active.indices());
      int[] counts = device.toHost(active.counts());
      recovery.add(indices, counts, active.capacity(), fired);
      absorption.add(indices, counts, active.capacity(), fired);
    }

    Map<String, Double> figures() {
      ReconstructionMetrics metrics = sums.metrics();
      FeatureRecovery.Result features = recovery.result();
      Map<String, Double> figures = new LinkedHashMap<>();
      figures.put("fvu", metrics.fvu());
      figures.put("l0", metrics.l0());
      figures.put("dead_fraction", metrics.deadFraction());
      figures.put("f1", features.f1());
      figures.put("precision", features.precision());
      figures.put("recall", features.recall());
      figures.put("matched_cosine", features.matchedCosine());
      figures.put("uniqueness", features.uniqueness());
      if (activations.config().hierarchy().isPresent()) {
        figures.put(ABSORPTION, absorption.rate());
      }
      return figures;
    }
  }
}
