package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import mechinterp.experiments.Execution;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Laws from a file of measurements to a prediction, as a user asks for them. */
class ScalingCommandTest {
  @TempDir private Path folder;

  /** fvu = .05 + 40 C^-.25 N^.2, for hybrids a fifth less, with 2 % of noise. */
  private Path points() throws IOException {
    RandomStream noise = RandomStream.of(1, "points");
    StringBuilder lines = new StringBuilder();
    long drawn = 0;
    for (double size : new double[] {1e6, 4e6, 1.6e7, 6.4e7}) {
      for (double flops = 1e11; flops < 1e16; flops *= 10) {
        for (String kind : new String[] {"hybrid", "topk"}) {
          double factor = kind.equals("topk") ? 40 : 32;
          double fvu = 0.05 + factor * Math.pow(flops, -0.25) * Math.pow(size, 0.2);
          lines.append(
              String.format(
                  Locale.ROOT,
                  "{\"model\": \"m%.0f\", \"kind\": \"%s\", \"seed\": 0, \"measure\": \"fvu\", \"loss\": %s, \"flops\": %s, \"model_params\": %s}%n",
                  size,
                  kind,
                  fvu * Math.exp(0.02 * noise.gaussian(drawn++)),
                  flops,
                  size));
        }
      }
    }
    return Files.writeString(folder.resolve("points.jsonl"), lines);
  }

  private Path law() throws IOException {
    Path law = folder.resolve("law.json");
    Execution.of(
            "scaling",
            "fit",
            "--points",
            points().toString(),
            "--form",
            "cost",
            "--draws",
            "60",
            "--out",
            law.toString())
        .assertDone();
    return law;
  }

  @Test
  void aLawPredictsWhatALargerModelCosts() throws IOException {
    String law = law().toString();

    JsonNode cost =
        Execution.of(
                "scaling",
                "predict",
                "--law",
                law,
                "--model-params",
                "7e9",
                "--fvu",
                "0.4",
                "--kind",
                "hybrid",
                "--json")
            .assertDone()
            .json();

    double truth = Math.pow(0.35 / (32 * Math.pow(7e9, 0.2)), -4);
    assertTrue(
        cost.get("low").asDouble() < truth && truth < cost.get("high").asDouble(), "" + cost);
    double range = Math.log(64);
    assertEquals(Math.log(7e9 / 6.4e7) / range, cost.get("extrapolation").asDouble(), 1e-6);
    Execution text =
        Execution.of(
            "scaling",
            "predict",
            "--law",
            law,
            "--model-params",
            "7e9",
            "--fvu",
            "0.4",
            "--kind",
            "hybrid");
    assertTrue(text.out().contains("Warning: 1.13 times their range"), text.out());
  }

  @Test
  void formsAreComparedByTheLargestModelAndNoneIsLeftOut() throws IOException {
    JsonNode result =
        Execution.of("scaling", "fit", "--points", points().toString(), "--draws", "60", "--json")
            .assertDone()
            .json();

    assertEquals("m64000000", result.get("held_out").asString());
    assertEquals(5, result.get("forms").size());
    for (JsonNode form : result.get("forms")) {
      boolean fits = form.get("form").asString().equalsIgnoreCase("cost");
      assertEquals(fits, form.hasNonNull("held_out_error"), "" + form);
      assertEquals(fits, !form.hasNonNull("problem"), "" + form);
    }
  }

  @Test
  void whatIsWrongIsSaidInALine() throws IOException {
    String law = law().toString();
    Execution.of(
            "scaling",
            "predict",
            "--law",
            law,
            "--kind",
            "topk",
            "--fvu",
            "0.04",
            "--model-params",
            "1e7")
        .assertRefused("fvu: is 0.04", "never reaches it");
    Execution.of(
            "scaling",
            "predict",
            "--law",
            law,
            "--kind",
            "gated",
            "--fvu",
            "0.4",
            "--model-params",
            "1e7")
        .assertRefused("kind: is gated", "[hybrid, topk]");
    Execution.of("scaling", "predict", "--law", law, "--kind", "topk", "--fvu", "0.4")
        .assertRefused("model_params: is missing");
    Execution.of(
            "scaling",
            "predict",
            "--law",
            law,
            "--kind",
            "topk",
            "--ce-rise",
            "0.4",
            "--model-params",
            "1e7")
        .assertRefused("is a law of fvu; ce_rise is asked for");
    Path mixed = points();
    Files.writeString(mixed, Files.readString(mixed).replaceFirst("\"fvu\"", "\"ce_rise\""));
    Path out = folder.resolve("none.json");
    Execution.of(
            "scaling",
            "fit",
            "--points",
            mixed.toString(),
            "--form",
            "cost",
            "--out",
            out.toString())
        .assertRefused("line 2", "measure is fvu, and ce_rise above");
    Path few = folder.resolve("few.jsonl");
    Files.write(few, Files.readAllLines(points()).subList(0, 4));
    Execution.of(
            "scaling", "fit", "--points", few.toString(), "--form", "cost", "--out", out.toString())
        .assertRefused("there are 4 different settings", "needs at least 8");
    assertFalse(Files.exists(out));
  }
}
