package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.RandomWeights;
import mechinterp.model.TinyModels;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class LogitEffectTest {
  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  static List<TransformerConfig> models() {
    return List.of(TinyModels.GPT2, TinyModels.LLAMA, TinyModels.GEMMA2);
  }

  @ParameterizedTest
  @MethodSource("models")
  void theEffectIsTheDirectionThroughTheNormsGainAndTheUnembedding(TransformerConfig config)
      throws IOException {
    float[] values = new float[2 * config.dModel()];
    RandomStream.of(5, "directions").fillGaussian(values, 0, 1);
    FloatMatrix directions = device.matrix(2, config.dModel(), values);
    Transformer model = TinyModels.frozen(config, device);

    List<LogitEffect> effects = LogitEffect.of(model, directions, config.dVocab());

    for (int i = 0; i < 2; i++) {
      double[] expected = expected(config, values, i * config.dModel());
      List<LogitEffect.TokenEffect> falling = effects.get(i).promoted();
      assertEquals(config.dVocab(), falling.size());
      assertEquals(falling.reversed(), effects.get(i).suppressed());
      for (int rank = 0; rank < falling.size(); rank++) {
        assertEquals(expected[falling.get(rank).id()], falling.get(rank).effect(), 1e-4);
        assertEquals(
            true, rank == 0 || falling.get(rank).effect() <= falling.get(rank - 1).effect());
      }
    }
  }

  private static double[] expected(TransformerConfig config, float[] values, int at)
      throws IOException {
    RandomWeights weights = new RandomWeights(config, 1);
    float[] gain = weights.floats("ln_final.w");
    boolean tied = config.unembed().orElseThrow().tied();
    float[] matrix = weights.floats(tied ? "embed.W_E" : "unembed.W_U");
    int d = config.dModel();
    double mean = 0;
    for (int j = 0; j < d && config.norm().hasBias(); j++) {
      mean += values[at + j] / (double) d;
    }
    double[] effects = new double[config.dVocab()];
    for (int token = 0; token < effects.length; token++) {
      for (int j = 0; j < d; j++) {
        float w = tied ? matrix[token * d + j] : matrix[j * effects.length + token];
        effects[token] += (values[at + j] - mean) * gain[j] * w;
      }
    }
    return effects;
  }

  @Test
  void noDirectionsHaveNoEffects() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);

    assertEquals(List.of(), LogitEffect.of(model, device.floats(0, TinyModels.GPT2.dModel()), 1));
  }

  @Test
  void whatHasNoLogitsIsRefused() {
    FloatMatrix direction = device.floats(1, TinyModels.BERT.dModel());
    Transformer encoder = TinyModels.frozen(TinyModels.BERT, device);
    Transformer wide = TinyModels.frozen(TinyModels.GPT2, device);

    assertThrows(IllegalArgumentException.class, () -> LogitEffect.of(encoder, direction, 1));
    FloatMatrix narrow = device.floats(1, 1);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> LogitEffect.of(wide, narrow, 1));
    assertEquals(
        "logit effect: directions are [1, 1], d_model of %s is %d; their columns must be d_model"
            .formatted(wide.config().name(), wide.config().dModel()),
        e.getMessage());
  }
}
