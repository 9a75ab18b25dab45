package mechinterp.experiments.comparison;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.metrics.FeatureAbsorption;
import mechinterp.metrics.FeatureRecovery;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.metrics.ReconstructionSums;
import mechinterp.sae.Sae;
import mechinterp.synthetic.FiredFeatures;
import mechinterp.synthetic.SyntheticActivations;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Activations whose features are known, split by their numbers: first the validation activations,
 * then the test activations, and far behind them a range for each seed to train on.
 */
final class KnownFeatures implements ComparedActivations {
  private static final int AT_ONCE = 1024;
  private static final int FIGURES = 3;
  private static final String ABSORPTION = "absorption";
  private static final List<String> PURSUED = List.of("fvu", "l0", "f1", ABSORPTION);
  private static final long TRAINING = 1L << 32;

  private final SyntheticActivations activations;
  private final Device device;
  private final int trainingActivations;
  private final Part validation;
  private final Part test;
  private Optional<Drawn> training = Optional.empty();

  KnownFeatures(SyntheticData data, Device device) {
    this.activations = new SyntheticActivations(data.activations(), device);
    this.device = device;
    this.trainingActivations = data.trainingActivations();
    this.validation = new Part(0, data.validationTokens());
    this.test = new Part(data.validationTokens(), data.testTokens());
  }

  private record Drawn(long seed, ActivationStore store) {}

  @Override
  public int dIn() {
    return activations.dIn();
  }

  /** Those of the last seed are kept in memory. */
  @Override
  public Training training(long seed) {
    if (training.isEmpty() || training.get().seed() != seed) {
      training = Optional.of(new Drawn(seed, draw(seed)));
    }
    return new Training(training.get().store().shuffled(device, seed), 1);
  }

  private ActivationStore draw(long seed) {
    int dIn = activations.dIn();
    float[] values = new float[Math.multiplyExact(trainingActivations, dIn)];
    FloatMatrix batch = device.floats(AT_ONCE, dIn);
    activations.seek((seed + 1) * TRAINING);
    for (int from = 0; from < trainingActivations; from += AT_ONCE) {
      FloatMatrix part = batch.rowRange(0, Math.min(AT_ONCE, trainingActivations - from));
      activations.next(part);
      device.download(values, from * dIn, part);
    }
    return ActivationStore.inMemory(dIn, values);
  }

  @Override
  public double validationFvu(Sae sae) {
    return new Measurement(Codes.ofEncoder(sae)).of(validation).sums.metrics().fvu();
  }

  @Override
  public int figuresVersion() {
    return FIGURES;
  }

  @Override
  public Map<String, Double> testFigures(Sae sae, int k) {
    Map<String, Double> figures = new Measurement(Codes.ofEncoder(sae)).of(test).figures();
    addPursued(figures, Codes.PURSUIT, Codes.ofPursuit(sae, k));
    addPursued(figures, Codes.ADAPTIVE, Codes.ofAdaptive(sae, k, sample()));
    addPursued(figures, Codes.MATCHING, Codes.ofMatching(sae, k));
    return figures;
  }

  private FloatMatrix sample() {
    FiredFeatures first = validation.batches().getFirst();
    FloatMatrix sample = device.floats(first.activations(), activations.dIn());
    activations.write(sample, first);
    return sample;
  }

  private void addPursued(Map<String, Double> figures, String prefix, Sae sae) {
    new Measurement(sae)
        .of(test)
        .figures()
        .forEach((name, value) -> {
          if (PURSUED.contains(name)) {
            figures.put(prefix + name, value);
          }
        });
  }

  @Override
  public void close() {
    training.ifPresent(drawn -> drawn.store().close());
  }

  /** A range of numbers; what is drawn stays. */
  private final class Part {
    private final long first;
    private final int count;
    private final List<FiredFeatures> batches = new ArrayList<>();

    Part(long first, int count) {
      this.first = first;
      this.count = count;
    }

    List<FiredFeatures> batches() {
      for (int from = batches.size() * AT_ONCE; from < count; from += AT_ONCE) {
        batches.add(activations.features(first + from, Math.min(AT_ONCE, count - from)));
      }
      return batches;
    }
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
      x = device.floats(AT_ONCE, sae.dIn());
      reconstruction = device.floats(AT_ONCE, sae.dIn());
      codes = sae.newCodes(AT_ONCE);
      sums =
          Workspace.allocate(
              "comparison",
              device,
              w -> new ReconstructionSums(w, AT_ONCE, sae.dIn(), sae.dSae(), sae.maxActive()));
      recovery = new FeatureRecovery(device, sae.weights().wDec(), activations.directions());
      absorption = new FeatureAbsorption(recovery.nearestFeatures(), activations.forest());
    }

    Measurement of(Part part) {
      part.batches().forEach(this::add);
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
