package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.HookPoint;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class LogitLensTest {
  private static final int[] TEXT = {6, 12, 5, 9};

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void theLastLayersPredictionIsTheModelsOwn(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    List<LogitLens.Layer> layers = LogitLens.of(model, TEXT, config.dVocab());
    FloatMatrix logits = model.logits(model.run(TokenBatch.ofIds(List.of(TEXT))).output());
    device.kernels().softmax(logits, logits);

    assertEquals(config.nLayers() + 1, layers.size());
    assertEquals(HookPoint.residPre(0), layers.getFirst().hook());
    assertEquals(HookPoint.residPost(config.nLayers() - 1), layers.getLast().hook());
    for (int t = 0; t < TEXT.length; t++) {
      float[] own = device.toHost(logits.row(t));
      LogitLens.Prediction last = layers.getLast().tokens().get(t);
      assertEquals(0, last.klDivergence(), 1e-6);
      assertEquals(config.dVocab(), last.likeliest().size());
      for (LogitLens.TokenProbability token : last.likeliest()) {
        assertEquals(own[token.id()], token.probability(), 1e-6);
      }
      assertTrue(layers.getFirst().tokens().get(t).klDivergence() > 0);
    }
    assertTrue(layers.stream().allMatch(LogitLensTest::fallsAndSumsToOne));
  }

  private static boolean fallsAndSumsToOne(LogitLens.Layer layer) {
    return layer.tokens().stream()
        .map(LogitLens.Prediction::likeliest)
        .allMatch(tokens ->
            IntStream.range(1, tokens.size())
                    .allMatch(i -> tokens.get(i - 1).probability() >= tokens.get(i).probability())
                && Math.abs(
                        tokens.stream().mapToDouble(LogitLens.TokenProbability::probability).sum()
                            - 1)
                    < 1e-5);
  }

  @Test
  void anEncoderHasNoLens() {
    Transformer encoder = TinyModels.frozen(TinyModels.BERT, device);
    assertThrows(IllegalArgumentException.class, () -> LogitLens.of(encoder, TEXT, 1));
  }
}
