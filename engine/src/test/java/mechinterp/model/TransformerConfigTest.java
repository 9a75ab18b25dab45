package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import mechinterp.io.Refusal;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class TransformerConfigTest {
  private static TransformerConfig llama(RotaryConfig rotary) {
    return new TransformerConfig(
        "llama",
        12,
        BlockRecipe.SEQUENTIAL,
        new NormConfig(Norm.RMS, 1e-5f),
        EmbeddingConfig.tokens(17, 32),
        AttentionConfig.grouped(4, 2, 6).withQueryKeyNorm(true),
        Collections.nCopies(1, LayerAttention.rotary(rotary)),
        new MlpConfig(9, ActivationFunction.SILU, true, false),
        Optional.of(UnembedConfig.plain(false)));
  }

  @Test
  void aGatedModelHasTheseWeights() {
    assertEquals(
        """
        embed.W_E [17, 12]
        blocks.0.ln1.w [12]
        blocks.0.attn.W_Q [12, 24]
        blocks.0.attn.W_K [12, 12]
        blocks.0.attn.W_V [12, 12]
        blocks.0.attn.q_norm.w [6]
        blocks.0.attn.k_norm.w [6]
        blocks.0.attn.W_O [24, 12]
        blocks.0.ln2.w [12]
        blocks.0.mlp.W_gate [12, 9]
        blocks.0.mlp.W_in [12, 9]
        blocks.0.mlp.W_out [9, 12]
        ln_final.w [12]
        unembed.W_U [12, 17]
        """,
        names(llama(RotaryConfig.of(6, 10000))));
  }

  @Test
  void aModelWithBiasesHasTheseWeights() {
    TransformerConfig config =
        new TransformerConfig(
            "gpt2",
            4,
            BlockRecipe.SEQUENTIAL,
            new NormConfig(Norm.LAYER, 1e-5f),
            EmbeddingConfig.learnedPositions(5, 3),
            AttentionConfig.plain(2, 2, true),
            List.of(LayerAttention.plain()),
            new MlpConfig(7, ActivationFunction.GELU_TANH, false, true),
            Optional.of(UnembedConfig.plain(true)));

    assertEquals(
        """
        embed.W_E [5, 4]
        pos_embed.W_pos [3, 4]
        blocks.0.ln1.w [4]
        blocks.0.ln1.b [4]
        blocks.0.attn.W_Q [4, 4]
        blocks.0.attn.b_Q [4]
        blocks.0.attn.W_K [4, 4]
        blocks.0.attn.b_K [4]
        blocks.0.attn.W_V [4, 4]
        blocks.0.attn.b_V [4]
        blocks.0.attn.W_O [4, 4]
        blocks.0.attn.b_O [4]
        blocks.0.ln2.w [4]
        blocks.0.ln2.b [4]
        blocks.0.mlp.W_in [4, 7]
        blocks.0.mlp.b_in [7]
        blocks.0.mlp.W_out [7, 4]
        blocks.0.mlp.b_out [4]
        ln_final.w [4]
        ln_final.b [4]
        """,
        names(config));
  }

  private static String names(TransformerConfig config) {
    StringBuilder lines = new StringBuilder();
    WeightNames.shapes(config).forEach((name, shape) -> lines.append(name + " " + shape + "\n"));
    return lines.toString();
  }

  @Test
  void frequenciesFallGeometrically() {
    assertArrayEquals(new double[] {1, 0.1, 0.01}, RotaryConfig.of(6, 1000).frequencies(), 1e-12);
    assertArrayEquals(
        new double[] {0.25, 0.025, 0.0025},
        new RotaryConfig(6, 1000, new RotaryScaling.Linear(4)).frequencies(),
        1e-12);
    assertArrayEquals(
        new double[] {1, 0.05, 0.0025},
        new RotaryConfig(6, 1000, new RotaryScaling.Divisors(List.of(1f, 2f, 4f))).frequencies(),
        1e-12);
  }

  /** Turns in 100 places: 15.9, 1.59 and 0.159. */
  @Test
  void llama3ScalingLeavesFastPairsAndDividesSlowOnes() {
    double[] found =
        new RotaryConfig(6, 1000, new RotaryScaling.Llama3(8, 1, 4, 100)).frequencies();
    double kept = (10 / (2 * Math.PI) - 1) / 3;

    assertArrayEquals(new double[] {1, 0.1 * kept + (1 - kept) * 0.1 / 8, 0.01 / 8}, found, 1e-12);
  }

  @Test
  void impossibleNumbersAreRefusedByName() {
    assertRefused(
        "config: d_rotary is 8, d_head is 6; it must be at most d_head",
        () -> llama(RotaryConfig.of(8, 1e4)));
    assertRefused("config: d_rotary is 5; it must be even", () -> RotaryConfig.of(5, 1e4));
    assertRefused(
        "config: rotary theta is NaN; it must be a positive number",
        () -> RotaryConfig.of(4, Double.NaN));
    assertRefused(
        "config: 1 rotary divisors, d_rotary is 4; there must be one for each pair",
        () -> new RotaryConfig(4, 1e4, new RotaryScaling.Divisors(List.of(2f))));
    assertRefused(
        "config: rotary high_freq_factor is 1.0, low_freq_factor is 4.0; the high one must be greater",
        () -> new RotaryScaling.Llama3(8, 4, 1, 100));
    assertRefused(
        "config: n_heads is 4, n_key_value_heads is 3; they must divide the heads",
        () -> AttentionConfig.grouped(4, 3, 2));
    assertRefused(
        "config: attention window is 0; it must be at least 1",
        () -> LayerAttention.sliding(0, RotaryConfig.of(2, 1e4)));
    assertRefused("config: n_ctx is 0; it must be at least 1", () -> EmbeddingConfig.tokens(3, 0));
    assertRefused(
        "config: norm epsilon is -1.0; it must not be negative",
        () -> new NormConfig(Norm.RMS, -1));
  }

  private static void assertRefused(String message, Executable action) {
    assertEquals(message, Refusal.of(IllegalArgumentException.class, action));
  }
}
