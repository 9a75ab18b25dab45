package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import mechinterp.sae.AnnealingConfig;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.AuxiliaryDecoder;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedTraining;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluPenalty;
import mechinterp.sae.JumpReluTraining;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeInit;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.StraightThrough;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** How many latents are active before the first step. */
class InitialBiasTest {
  private static final int D_IN = 9;
  private static final int D_SAE = 37;
  private static final int BATCH = 50;

  private final Device device = CpuDevice.scalar();

  private static SparsityConfig sparsity(Optional<Double> initialL0) {
    return new SparsityConfig(0.1, Optional.of(3.0), 0.3, initialL0);
  }

  private static List<SaeConfig> kinds(Optional<Double> initialL0) {
    SparsityConfig sparsity = sparsity(initialL0);
    JumpReluTraining jumpRelu =
        new JumpReluTraining(
            sparsity, JumpReluPenalty.STEP, 4, 0.2, 0.3, StraightThrough.THRESHOLD);
    return List.of(
        new StandardConfig(D_IN, D_SAE, Optional.of(sparsity)),
        new PAnnealConfig(D_IN, D_SAE, sparsity, new AnnealingConfig(1, 0.2, 10, 0.1, 0.5, 1e-3)),
        new JumpReluConfig(D_IN, D_SAE, Optional.of(jumpRelu)),
        new GatedConfig(
            D_IN, D_SAE, Optional.of(new GatedTraining(sparsity, AuxiliaryDecoder.FROZEN))));
  }

  private static Stream<SaeConfig> kinds() {
    return kinds(Optional.of(3.0)).stream();
  }

  private FloatMatrix rows() {
    float[] numbers = new float[BATCH * D_IN];
    RandomStream.of(5, "rows").fillGaussian(numbers, 0, 1);
    return device.matrix(BATCH, D_IN, numbers);
  }

  /** Returns on how many tokens each latent is active before the first step. */
  private int[] active(SaeConfig config, UnaryOperator<SaeObjective> calibrated) {
    SaeObjective objective =
        Workspace.allocate(
            "test",
            device,
            workspace ->
                SaeObjective.of(
                    workspace,
                    Sae.declare(workspace, config),
                    Trained.settings(
                        10,
                        BATCH,
                        LossNormalizer.TOKENS,
                        AuxKConfig.defaults(),
                        Optional.empty())));
    Sae sae = objective.sae();
    SaeInit.initialize(sae, 1, new float[D_IN]);
    var _ = calibrated.apply(objective);
    SparseCodes codes = sae.newCodes(BATCH);
    sae.encode(codes, rows());
    int[] active = new int[D_SAE];
    for (int t = 0; t < BATCH; t++) {
      int[] latents = device.toHost(codes.indices().row(t));
      int count = device.toHost(codes.counts())[t];
      Arrays.stream(latents, 0, count).forEach(latent -> active[latent]++);
    }
    return active;
  }

  private int[] active(SaeConfig config) {
    return active(
        config,
        objective -> {
          objective.calibrate(rows());
          return objective;
        });
  }

  /** 50 tokens times 3 / 37 are 4.05. */
  @ParameterizedTest
  @MethodSource("kinds")
  void eachLatentIsActiveOnTheSameShareOfTheTokens(SaeConfig config) {
    int[] expected = new int[D_SAE];
    Arrays.fill(expected, 4);
    assertArrayEquals(expected, active(config));
  }

  @ParameterizedTest
  @CsvSource({"0.001, 1", "0.4, 1", "1.2, 2"})
  void eachIsActiveOnAtLeastOne(double initialL0, int tokens) {
    for (SaeConfig config : kinds(Optional.of(initialL0))) {
      assertEquals(tokens, Arrays.stream(active(config)).max().orElseThrow());
      assertEquals(tokens, Arrays.stream(active(config)).min().orElseThrow());
    }
  }

  @Test
  void withoutAnInitialL0TheBiasStaysAtZero() {
    for (SaeConfig config : kinds(Optional.empty())) {
      assertArrayEquals(active(config, UnaryOperator.identity()), active(config));
    }
  }

  @Test
  void anInitialL0IsPositive() {
    assertEquals(
        "initial_l0: is 0.0; it must be positive and finite",
        Refusal.of(IllegalArgumentException.class, () -> sparsity(Optional.of(0.0))));
  }
}
