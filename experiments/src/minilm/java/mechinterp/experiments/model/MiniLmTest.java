package mechinterp.experiments.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.model.bert.Bert;
import mechinterp.model.bert.SentenceEmbedding;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The published all-MiniLM-L6-v2, whole, against figures that others published. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MiniLmTest {
  private final Device device = CpuDevice.best(2);
  private Transformer model;

  @BeforeAll
  void load() throws IOException {
    model = Models.load("all-MiniLM-L6-v2", device);
  }

  @AfterAll
  void close() {
    device.close();
  }

  @Test
  void sizesComeFromTheFile() {
    assertEquals(
        Bert.config("all-MiniLM-L6-v2", 6, 384, 12, 32, 1536, 30522, 512, 2, 1e-12f),
        model.config());
    assertEquals(30522, model.tokenizer().vocabularySize());
    assertTrue(model.identity().matches("all-MiniLM-L6-v2 sha256:[0-9a-f]{64}"), model.identity());
  }

  @Test
  void cosinesOfSentencesAreThoseOfTheModelCard() {
    float[] embeddings =
        device.toHost(
            SentenceEmbedding.of(
                model,
                List.of(
                    "That is a happy person",
                    "That is a happy dog",
                    "That is a very happy person",
                    "Today is a sunny day")));

    assertEquals(0.6946, dot(embeddings, 0, 1), 1e-3);
    assertEquals(0.9429, dot(embeddings, 0, 2), 1e-3);
    assertEquals(0.2569, dot(embeddings, 0, 3), 1e-3);
  }

  private double dot(float[] rows, int a, int b) {
    int width = model.config().dModel();
    double sum = 0;
    for (int j = 0; j < width; j++) {
      sum += (double) rows[a * width + j] * rows[b * width + j];
    }
    return sum;
  }
}
