package mechinterp.circuits;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.io.Refusal;
import mechinterp.model.Transformer;
import org.junit.jupiter.api.Test;

final class CircuitFidelityTest {
  private final Transformer model = HandMadeModel.induction(CpuDevice.scalar());
  private final MaskedModel masked =
      new MaskedModel(model, CircuitTest.task(), CircuitSettings.defaults());

  private Effects<CircuitEdge> exact() {
    return new EdgePatching(model, CircuitTest.task(), CircuitSettings.defaults(), _ -> {})
        .effects();
  }

  @Test
  void aKnownCircuitIsFaithfulAndCompleteAndChanceIsNot() {
    CircuitFidelity.Curve curve = new CircuitFidelity<>(masked, 5, 1).of(exact(), _ -> {});
    List<CircuitFidelity.Point> points = curve.points();

    assertEquals(0, points.getFirst().faithfulness(), 1e-5);
    assertEquals(1, points.getFirst().completeness(), 1e-5);
    assertEquals(1, points.getLast().faithfulness(), 1e-5);
    assertEquals(0, points.getLast().completeness(), 1e-5);
    for (CircuitFidelity.Point point : points) {
      assertTrue(point.low() <= point.faithfulness() && point.faithfulness() <= point.high());
      if (point.share() == 0.1) {
        assertEquals(1, point.faithfulness(), 0.02);
        assertEquals(0, point.completeness(), 0.02);
        assertTrue(point.random() < 0.7, point.toString());
      }
    }
    assertTrue(curve.cpr() > curve.randomCpr() && curve.cmd() < curve.randomCmd());
    assertEquals(curve, new CircuitFidelity<>(masked, 5, 1).of(exact(), _ -> {}));
  }

  @Test
  void withoutAControlNothingIsSaid() {
    assertEquals(
        "controls: is 0; it must be at least 1",
        Refusal.of(IllegalArgumentException.class, () -> new CircuitFidelity<>(masked, 0, 1)));
  }

  @Test
  void agreementOfRanks() {
    double[] truth = {1, 2, 3, -9};

    assertEquals(
        new RankAgreement(1, 1, 1, 2), RankAgreement.of(new double[] {2, 4, 6, -18}, truth, 2));
    assertEquals(-1, RankAgreement.of(new double[] {3, 2, 1, 4}, truth, 1).spearman(), 1e-12);
    assertEquals(
        0.5, RankAgreement.of(new double[] {1, 1, 5, 9}, new double[] {4, 3, 0, 5}, 2).topShare());
    assertEquals(
        1, RankAgreement.auroc(new double[] {3, 1, 2}, new boolean[] {true, false, false}));
    assertEquals(
        0.75, RankAgreement.auroc(new double[] {2, 1, 2}, new boolean[] {true, false, false}));
    assertEquals(
        "auroc: 0 items are in the truth, 1 are not; there must be some of each",
        Refusal.of(
            IllegalArgumentException.class,
            () -> RankAgreement.auroc(new double[] {1}, new boolean[] {false})));
    assertEquals(
        "rank agreement: 1 scores, 1 true values, top 1; there must be as many of each, at least"
            + " two, and top within them",
        Refusal.of(
            IllegalArgumentException.class,
            () -> RankAgreement.of(new double[] {1}, new double[] {1}, 1)));
  }
}
