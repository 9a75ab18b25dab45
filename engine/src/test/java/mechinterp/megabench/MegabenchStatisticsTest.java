package mechinterp.megabench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;

class MegabenchStatisticsTest {
  private static final int DRAWS = 400;

  /** Values of a truth, off by noise of the seed and of each document, the same for all kinds. */
  private static Measurement measurement(
      double truth, double ofSeeds, int seeds, int documents, long set, String kind) {
    RandomStream reseeding = RandomStream.of(set, "reseeding " + kind);
    RandomStream texts = RandomStream.of(set, "texts");
    return new Measurement(
        IntStream.range(0, seeds)
            .mapToObj(seed ->
                new Measurement.Seed(
                    IntStream.range(0, documents)
                        .mapToObj(i ->
                            10
                                * (truth
                                    + ofSeeds * reseeding.gaussian(seed)
                                    + 0.1 * texts.gaussian(i)))
                        .toList(),
                    Collections.nCopies(documents, 10.0)))
            .toList());
  }

  @Test
  void aValueIsARatioOfSumsAndNoMeanOfRatios() {
    Measurement.Seed seed = new Measurement.Seed(List.of(1.0, 3.0), List.of(1.0, 9.0));
    assertEquals(0.4, new Measurement(List.of(seed)).value());
  }

  @Test
  void withoutNoiseTheIntervalIsAPoint() {
    Measurement.Seed seed = new Measurement.Seed(List.of(1.0, 2.0), List.of(4.0, 8.0));
    assertEquals(
        new MetricValue(0.25, 0.25, 0.25),
        new Measurement(List.of(seed, seed)).withInterval(DRAWS, 1));
  }

  @Test
  void theNoiseOfBothLevelsIsSeen() {
    Measurement ofSeeds = measurement(1, 0.2, 8, 50, 1, "a");
    Measurement ofTexts = measurement(1, 0, 8, 50, 1, "a");
    MetricValue wide = ofSeeds.withInterval(DRAWS, 1);
    MetricValue narrow = ofTexts.withInterval(DRAWS, 1);
    double expected = 2 * 1.96 * 0.1 / Math.sqrt(50);
    assertEquals(expected, narrow.high() - narrow.low(), 0.3 * expected);
    assertTrue(wide.high() - wide.low() > 3 * expected);
    assertTrue(wide.low() < wide.value() && wide.value() < wide.high());
  }

  @Test
  void reseedingAndWhatItHidesAreFound() {
    List<Measurement> same = new ArrayList<>();
    List<Measurement> different = new ArrayList<>();
    for (int kind = 0; kind < 6; kind++) {
      same.add(measurement(1, 0.05, 10, 20, 2, "kind" + kind));
      different.add(measurement(1 + 0.2 * kind, 0.05, 10, 20, 2, "kind" + kind));
    }
    NoiseFloor alike = NoiseFloor.of(same, DRAWS, 1);
    NoiseFloor apart = NoiseFloor.of(different, DRAWS, 1);
    assertEquals(0.05, alike.reseeding(), 0.012);
    assertEquals(0.1 / Math.sqrt(20), alike.documents(), 0.008);
    assertEquals(
        alike.reseeding() * (2.005 + 0.842) * Math.sqrt(0.2), alike.smallestDifference(), 1e-4);
    assertTrue(apart.tellsKindsApart());
    assertTrue(apart.discriminability() > 100);
    assertThrows(IllegalArgumentException.class, () -> NoiseFloor.of(same.subList(0, 1), DRAWS, 1));
  }

  /** Of 40 sets of equal kinds 2 are expected to look different at 5 %, and more than 6 hardly. */
  @Test
  void equalKindsAreSeldomToldApart() {
    int toldApart = 0;
    for (int set = 0; set < 40; set++) {
      List<Measurement> kinds = new ArrayList<>();
      for (int kind = 0; kind < 4; kind++) {
        kinds.add(measurement(1, 0.05, 5, 10, set, "kind" + kind));
      }
      toldApart += NoiseFloor.of(kinds, 2, 1).tellsKindsApart() ? 1 : 0;
    }
    assertTrue(toldApart <= 6, toldApart + " of 40");
  }

  /**
   * Two kinds whose documents are the same noise are told apart although their intervals overlap.
   */
  @Test
  void rankingsArePaired() {
    Map<String, Measurement> kinds =
        Map.of(
            "b", measurement(1.00, 0, 3, 30, 3, "b"),
            "a", measurement(1.01, 0, 3, 30, 3, "a"),
            "twin", measurement(1.01, 0, 3, 30, 3, "twin"));
    Ranking low = Ranking.of(Metric.FVU, kinds, DRAWS, 1);
    assertEquals(List.of("b", "a", "twin"), low.names());
    assertEquals(List.of(0.5, 1.0, 1.0), low.beats().get(0));
    assertEquals(List.of(0.0, 0.5, 0.5), low.beats().get(1));
    assertEquals(List.of("a", "twin", "b"), Ranking.of(Metric.F1, kinds, DRAWS, 1).names());
    assertThrows(IllegalArgumentException.class, () -> Ranking.of(Metric.L0, kinds, DRAWS, 1));
  }

  @Test
  void theFrontHasWhatNothingDominates() {
    ParetoFront.Point cheap = new ParetoFront.Point("cheap", 8, 0.3);
    ParetoFront.Point equal = new ParetoFront.Point("equal", 8, 0.3);
    ParetoFront.Point good = new ParetoFront.Point("good", 32, 0.1);
    ParetoFront.Point beaten = new ParetoFront.Point("beaten", 32, 0.3);
    assertEquals(List.of(good, cheap, equal), ParetoFront.of(List.of(beaten, good, cheap, equal)));
  }
}
