package mechinterp.experiments.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mechinterp.training.StepMetrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingCurvesTest {
  @TempDir private Path folder;

  private static List<StepMetrics> history(int steps) {
    return IntStream.rangeClosed(1, steps)
        .mapToObj(step ->
            new StepMetrics(
                step,
                64L * step,
                2.0 / step,
                Map.of("reconstruction", 1.5 / step, "sparsity <1>", 0.5 / step),
                1.0 / step,
                3,
                step,
                1e-3))
        .toList();
  }

  private String page(int steps, int of) throws IOException {
    Path file = folder.resolve("curves.html");
    TrainingCurves.write(file, history(steps), of);
    return Files.readString(file);
  }

  @Test
  void allCurvesAreThereAndNothingIsLoadedFromElsewhere() throws IOException {
    String page = page(7, 7);
    for (String title :
        List.of(
            "FVU",
            "Loss: reconstruction",
            "Loss: sparsity &lt;1&gt;",
            "L0",
            "Dead latents",
            "Learning rate")) {
      assertTrue(page.contains("<b>" + title + "</b>"), title);
    }
    assertEquals(7, page.split("<svg ", -1).length - 1);
    assertFalse(page.contains("http://") || page.contains("https://") || page.contains("<script"));
  }

  @Test
  void aPageOfAnUnfinishedTrainingLoadsItselfAgain() throws IOException {
    assertTrue(page(3, 7).contains("http-equiv=\"refresh\""));
    assertFalse(page(7, 7).contains("http-equiv=\"refresh\""));
    assertTrue(page(1, 7).contains("step 1 of 7"), "one point is enough");
  }

  @Test
  void aSweepHasTheCurvesOfEachTraining() throws IOException {
    Path file = folder.resolve("curves.html");
    Map<String, List<StepMetrics>> histories = new LinkedHashMap<>();
    histories.put("short", history(3));
    histories.put("long", history(9));
    TrainingCurves.writeAll(file, histories, 20);
    String page = Files.readString(file);
    for (String title : List.of("short: FVU", "short: dead latents", "long: FVU")) {
      assertTrue(page.contains("<b>" + title + "</b>"), title);
    }
    assertTrue(page.contains("step 9 of 20"), "the place of the longest");
    assertTrue(page.contains("http-equiv=\"refresh\""));
  }
}
