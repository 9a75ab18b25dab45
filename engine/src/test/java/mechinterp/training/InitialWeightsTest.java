package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import mechinterp.io.FormatException;
import org.junit.jupiter.api.Test;

class InitialWeightsTest {
  private final InitialWeights weights = new InitialWeights(TinyGpt2.config(3, 64), 5);

  @Test
  void matricesAreNormalAndThoseIntoTheResidualStreamSmaller() throws IOException {
    assertEquals(0.02, deviation(weights.floats("embed.W_E")), 0.001);
    assertEquals(0.02, deviation(weights.floats("blocks.2.mlp.W_in")), 0.001);
    double residual = 0.02 / Math.sqrt(6);
    assertEquals(residual, deviation(weights.floats("blocks.0.attn.W_O")), 0.05 * residual);
    assertEquals(residual, deviation(weights.floats("blocks.2.mlp.W_out")), 0.05 * residual);
  }

  @Test
  void gainsAreOneAndBiasesZero() throws IOException {
    for (float gain : weights.floats("ln_final.w")) {
      assertEquals(1, gain);
    }
    for (float bias : weights.floats("blocks.1.attn.b_Q")) {
      assertEquals(0, bias);
    }
    for (float bias : weights.floats("blocks.1.ln1.b")) {
      assertEquals(0, bias);
    }
  }

  @Test
  void theSameSeedGivesTheSameWeights() throws IOException {
    InitialWeights again = new InitialWeights(TinyGpt2.config(3, 64), 5);
    assertArrayEquals(weights.floats("embed.W_E"), again.floats("embed.W_E"));
    assertEquals(List.of(64, 256), weights.shape("blocks.0.mlp.W_in"));
  }

  @Test
  void unknownWeightsAreRefused() {
    assertThrows(FormatException.class, () -> weights.floats("blocks.3.ln1.w"));
  }

  private static double deviation(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares / values.length);
  }
}
