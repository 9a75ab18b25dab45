package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.optim.AdamConfig;
import mechinterp.sae.AnnealingConfig;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.AuxiliaryDecoder;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedTraining;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluCrossLayerTranscoderConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.JumpReluPenalty;
import mechinterp.sae.JumpReluTraining;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.StraightThrough;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.sae.objective.GhostGradientsConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No option is without effect on any kind: each is changed, and the weights or the codes must
 * change, or the run must be refused.
 */
final class KindOptionsEffectTest {
  private static final int STEPS = 20;
  private static final int BATCH = 32;

  private static final Set<Class<?>> LOADED_ONLY =
      Set.of(
          JumpReluTranscoderConfig.class,
          JumpReluCrosscoderConfig.class,
          MatchingPursuitConfig.class);

  /** What may be left out, and is. */
  private static final Set<String> ABSENT =
      Set.of("kAux", "kSchedule", "resample", "ghostGradients", "endToEnd");

  private final Device device = CpuDevice.scalar();

  private static List<SaeConfig> kinds() {
    return List.of(
        new TopKConfig(16, 120, 3),
        new MultiTopKConfig(16, 120, 3),
        new GroupMaxConfig(16, 120, 3),
        new BatchTopKConfig(16, 120, 3),
        MatryoshkaConfig.of(16, 120, 3),
        HybridSaeConfig.of(16, 120, 3).withFixedPoint(0.3, 0.8).withLeastCode(0.25),
        new StandardConfig(16, 120, Optional.of(sparsity())),
        new PAnnealConfig(16, 120, sparsity(), new AnnealingConfig(1, 0.2, 10, 0.2, 0.8, 1e-3)),
        jumpRelu(JumpReluPenalty.TANH, 3),
        jumpRelu(JumpReluPenalty.STEP, 4),
        new GatedConfig(
            16, 120, Optional.of(new GatedTraining(sparsity(), AuxiliaryDecoder.FROZEN))),
        SwitchConfig.of(16, 120, 3, 4),
        new TranscoderConfig(16, 8, 120, 3, KScope.TOKEN, true),
        new CrosscoderConfig(2, 8, 120, 3, KScope.BATCH),
        new CrossLayerTranscoderConfig(2, 4, 120, 3),
        new JumpReluCrossLayerTranscoderConfig(
            2, 4, 120, jumpRelu(JumpReluPenalty.TANH, 3).training().orElseThrow()));
  }

  /** So strong that some latents die. */
  private static SparsityConfig sparsity() {
    return new SparsityConfig(100, Optional.of(3.0), 0.3, Optional.of(30.0));
  }

  private static JumpReluConfig jumpRelu(JumpReluPenalty penalty, double tanhScale) {
    JumpReluTraining training =
        new JumpReluTraining(
            sparsity(), penalty, tanhScale, 0.2, 0.5, StraightThrough.THRESHOLD_AND_INPUT);
    return new JumpReluConfig(16, 120, Optional.of(training));
  }

  /** Settings of which all matter to the kind: latents are dead soon, and fewer than k_aux. */
  private static TrainConfig training(SaeConfig kind) {
    AuxKConfig auxK = AuxKConfig.defaults().withDeadAfterTokens(40);
    boolean hasAuxK =
        switch (kind) {
          case StandardConfig _, PAnnealConfig _, GatedConfig _, SwitchConfig _ -> false;
          default -> true;
        };
    TrainConfigBuilder config = TrainConfig.defaults().toBuilder();
    if (kind instanceof StandardConfig) {
      config.ghostGradients(new GhostGradientsConfig(0.5, GhostGradientsConfig.Rescale.BATCH));
    }
    return config
        .batchSize(BATCH)
        .tokens((long) BATCH * STEPS)
        .learningRate(3e-2)
        .warmUpFraction(0.3)
        .decayFraction(0.5)
        .adam(new AdamConfig(0.9, 0.99, 1e-3))
        .bDecInit(DecoderBiasInit.MEAN)
        .bDecSample(200)
        .auxK(hasAuxK ? auxK.withKAux(115) : auxK)
        .maxGradientNorm(0.15)
        .emaDecay(0.8)
        .build();
  }

  /** Returns what a training leaves: weights, metrics, and codes of tokens that it has not seen. */
  private List<String> outcome(SaeConfig kind, TrainConfig config, int width) {
    KnownFeatures data = new KnownFeatures(device, width, 24, 2, 11);
    TrainedSae trained = new SaeTrainer(device, config).train(kind, data, TrainListener.none());
    Sae sae = trained.sae();
    List<String> outcome = new ArrayList<>();
    for (SaeParameter parameter : sae.parameters()) {
      outcome.add(Arrays.toString(device.toHost(parameter.value())));
    }
    outcome.add(trained.history().toString());
    FloatMatrix rows = device.floats(50, width);
    data.seek(100_000);
    data.next(rows);
    SparseCodes codes = sae.newCodes(50);
    sae.encode(codes, sae.inputs(rows));
    outcome.add(Arrays.toString(device.toHost(codes.counts())));
    outcome.add(Arrays.toString(device.toHost(codes.values())));
    return outcome;
  }

  /** Returns whether a change is seen, or refused. */
  private boolean hasEffect(List<String> before, Supplier<List<String>> after) {
    try {
      return !before.equals(after.get());
    } catch (IllegalArgumentException refused) {
      assertFalse(String.valueOf(refused.getMessage()).isBlank());
      return true;
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void anOptionOfAKindHasAnEffectOrIsRefused(SaeConfig kind) {
    int width = kind.rowWidth();
    List<String> before = outcome(kind, training(kind), width);
    assertEquals(
        before, outcome(kind, training(kind), width), "the same options have the same result");
    List<Variants.Variant> without =
        Variants.of((Record) kind).stream()
            .filter(variant ->
                !hasEffect(
                    before, () -> outcome((SaeConfig) variant.make().get(), training(kind), width)))
            .toList();
    assertEquals(List.of(), without, "options without effect");
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aSettingOfTrainingHasAnEffectOnEveryKindOrIsRefused(SaeConfig kind) {
    int width = kind.rowWidth();
    List<String> before = outcome(kind, training(kind), width);
    List<Variants.Variant> without =
        Variants.of(training(kind), ABSENT).stream()
            .filter(variant ->
                !hasEffect(before, () -> outcome(kind, (TrainConfig) variant.make().get(), width)))
            .toList();
    assertEquals(List.of(), without, "settings without effect");
  }

  @Test
  void everyKindThatIsTrainedIsThere() {
    List<? extends Class<?>> kinds = kinds().stream().map(Object::getClass).distinct().toList();
    for (Class<?> kind : records(SaeConfig.class)) {
      assertTrue(kinds.contains(kind) != LOADED_ONLY.contains(kind), kind.getSimpleName());
    }
  }

  private static List<Class<?>> records(Class<?> type) {
    return type.isRecord()
        ? List.of(type)
        : Arrays.stream(type.getPermittedSubclasses())
            .flatMap(each -> records(each).stream())
            .collect(Collectors.toList());
  }
}
