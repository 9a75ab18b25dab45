package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import mechinterp.metrics.LabelDetection.Detector;
import org.junit.jupiter.api.Test;

class LabelDetectionTest {
  private static final int D_SAE = 6;
  private static final int LABELS = 3;

  /** Two places for each token. */
  private static LabelDetection of(int[] indices, float[] values, int[] counts, int[] labels) {
    LabelDetection detection = new LabelDetection(D_SAE, LABELS);
    detection.add(indices, values, counts, 2, labels);
    return detection;
  }

  @Test
  void aLatentThatFiresHigherOnALabelDetectsItAboveAThreshold() {
    int[] indices = {4, 0, 4, 0, 4, 0, 4, 0};
    float[] values = {3, 0, 2, 0, 1, 0, 0.5f, 0};
    int[] counts = {1, 1, 1, 1};
    LabelDetection chosen = of(indices, values, counts, new int[] {1, 1, -1, -1});
    Optional<Detector> detector = chosen.detectors().get(1);
    assertEquals(Optional.of(new Detector(4, 2, 1)), detector);
    assertEquals(Optional.empty(), chosen.detectors().get(0));

    LabelDetection judged = of(indices, values, counts, new int[] {1, -1, 1, -1});
    assertEquals(0.5, judged.meanF1(chosen.detectors()), 1e-12);
    LabelDetection ofTwo = of(indices, values, counts, new int[] {1, 1, -1, 0});
    assertEquals(0.5, ofTwo.meanF1(chosen.detectors()), 1e-12, "a label without a detector");
  }

  @Test
  void equalActivationsAreDetectedTogether() {
    LabelDetection chosen =
        of(
            new int[] {2, 0, 2, 0, 2, 0},
            new float[] {1, 0, 1, 0, 1, 0},
            new int[] {1, 1, 1},
            new int[] {0, -1, -1});
    assertEquals(0.5, chosen.detectors().getFirst().orElseThrow().f1(), 1e-12);
  }

  @Test
  void theBestDetectorIsTheBestOfAllLatentsAndThresholds() {
    RandomGenerator random = new java.util.SplittableRandom(5);
    int tokens = 60;
    int[] indices = new int[2 * tokens];
    float[] values = new float[2 * tokens];
    int[] counts = new int[tokens];
    int[] labels = new int[tokens];
    for (int t = 0; t < tokens; t++) {
      counts[t] = random.nextInt(3);
      labels[t] = random.nextInt(LABELS + 1) - 1;
      int first = random.nextInt(3);
      indices[2 * t] = first;
      indices[2 * t + 1] = first + 1 + random.nextInt(2);
      values[2 * t] = random.nextInt(1, 8);
      values[2 * t + 1] = random.nextInt(1, 8);
    }
    List<Optional<Detector>> found = of(indices, values, counts, labels).detectors();
    for (int label = 0; label < LABELS; label++) {
      double best = 0;
      for (int latent = 0; latent < D_SAE; latent++) {
        for (float threshold = 1; threshold < 8; threshold++) {
          best = Math.max(best, f1(indices, values, counts, labels, label, latent, threshold));
        }
      }
      Detector detector = found.get(label).orElseThrow();
      assertEquals(best, detector.f1(), 1e-12);
      assertTrue(best > 0);
      assertEquals(
          best,
          f1(indices, values, counts, labels, label, detector.latent(), detector.threshold()),
          1e-12);
    }
  }

  private static double f1(
      int[] indices,
      float[] values,
      int[] counts,
      int[] labels,
      int label,
      int latent,
      float threshold) {
    int hits = 0;
    int detected = 0;
    int wanted = 0;
    for (int t = 0; t < counts.length; t++) {
      wanted += labels[t] == label ? 1 : 0;
      for (int i = 2 * t; i < 2 * t + counts[t]; i++) {
        if (indices[i] == latent && values[i] >= threshold) {
          detected++;
          hits += labels[t] == label ? 1 : 0;
        }
      }
    }
    return 2.0 * hits / (detected + wanted);
  }
}
