package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import mechinterp.activation.Normalization;
import mechinterp.experiments.Execution;
import mechinterp.experiments.data.ActivationData;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.data.SyntheticData;
import mechinterp.experiments.ladder.LadderConfig;
import mechinterp.experiments.megabench.BenchModel;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.text.TextSettings;
import mechinterp.io.Json;
import mechinterp.scaling.ScalingPoint;
import mechinterp.scaling.ScalingPoints;
import mechinterp.synthetic.SyntheticConfig;
import mechinterp.training.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Places in tiny-lm stand for models. */
class ScalingExperimentTest {
  @TempDir private Path folder;

  private static BenchModel model(String name, ActivationData data) {
    TrainConfig train =
        TrainConfig.defaults().toBuilder()
            .batchSize(100)
            .learningRate(2e-3)
            .bDecSample(400)
            .build();
    return new BenchModel(name, data, train, Map.of("hybrid", 3e-3));
  }

  private static BenchModel model(int block) {
    return model(
        "block" + block,
        new ModelData(
            "tiny-lm",
            "blocks.%d.hook_resid_post".formatted(block),
            new TextSettings(true, 0.01, 0.2, 0),
            64,
            1_500,
            300,
            400,
            4,
            10,
            12,
            Normalization.Method.EXPECTED_AVERAGE_ONLY_IN,
            Optional.empty()));
  }

  private static LadderConfig ladder(List<Long> seeds) {
    return new LadderConfig(
        List.of(model(0), model(1), model(2)),
        List.of(SaeSettings.Kind.TOPK, SaeSettings.Kind.HYBRID),
        List.of(32, 64),
        List.of(4),
        List.of(1_000L, 3_000L),
        seeds);
  }

  private Execution run(LadderConfig config, String... more) throws IOException {
    Path file = folder.resolve("ladder.json");
    Json.write(file, config);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "experiment",
                "02",
                "--config",
                file.toString(),
                "--out",
                out().toString(),
                "--draws",
                "40"));
    arguments.addAll(List.of(more));
    return Execution.of(arguments.toArray(String[]::new));
  }

  private Path out() {
    return folder.resolve("out");
  }

  private List<Path> cells() throws IOException {
    try (Stream<Path> files = Files.list(out().resolve("cells"))) {
      return files.sorted().toList();
    }
  }

  @Test
  void eachAutoencoderIsAPointAndIsTrainedOnce() throws IOException {
    run(ladder(List.of(1L))).assertDone();
    assertEquals(3 * 2 * 2 * 2, cells().size());
    ScalingPoints points = ScalingPoints.read(out().resolve("points-fvu.jsonl"));
    assertEquals(24, points.points().size());
    assertEquals(List.of("hybrid", "topk"), points.kinds());
    assertTrue(longerIsBetter(points), points.toString());
    assertEquals("ce_rise", ScalingPoints.read(out().resolve("points-ce_rise.jsonl")).measure());

    byte[] before = Files.readAllBytes(out().resolve("points-fvu.jsonl"));
    Files.delete(cells().getFirst());
    Execution again = run(ladder(List.of(1L)), "--json").assertDone();
    assertTrue(again.err().contains("ladder: 1 of 24 autoencoders to train"), again.err());
    assertArrayEquals(before, Files.readAllBytes(out().resolve("points-fvu.jsonl")));
    assertEquals("fvu", again.json().path("measures").path(0).path("measure").stringValue());

    Execution seed = run(ladder(List.of(1L, 2L))).assertDone();
    assertTrue(seed.err().contains("ladder: 24 of 48 autoencoders to train"), seed.err());
  }

  private static boolean longerIsBetter(ScalingPoints points) {
    return mean(points, 3_000) < mean(points, 1_000);
  }

  private static double mean(ScalingPoints points, double tokens) {
    return points.points().stream()
        .filter(point -> point.setting().toString().contains("tokens " + tokens))
        .mapToDouble(ScalingPoint::loss)
        .average()
        .orElseThrow();
  }

  @Test
  void whatIsNoLadderIsRefused() throws IOException {
    SyntheticConfig activations =
        new SyntheticConfig(
            24,
            12,
            new SyntheticConfig.Zipf(0.5, 0.3, 0.05),
            Optional.empty(),
            Optional.empty(),
            2,
            0.5,
            1,
            Optional.empty(),
            3);
    String good = Json.compact(ladder(List.of(1L)));
    Path file = folder.resolve("bad.json");
    Files.writeString(file, good.replace("[32,64]", "[]"));
    Execution.of("experiment", "02", "--config", file.toString()).assertRefused("d_sae: are []");
    String known =
        Json.pretty(
            new Known(List.of(model("known", new SyntheticData(activations, 5_000, 500, 1_500)))));
    Files.writeString(
        file,
        known.substring(0, known.lastIndexOf('}')).stripTrailing()
            + ", \"kinds\": [\"topk\"], \"d_sae\": [32], \"k\": [4], \"tokens\": [1000], \"seeds\": [1]}");
    Execution.of("experiment", "02", "--config", file.toString())
        .assertRefused("models.data.source: of known is no model; a ladder is of models");
    Execution.of("experiment").assertRefused("no experiment given; choose one of 02");
  }

  private record Known(List<BenchModel> models) {}
}
