package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.Execution;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.random.RandomStream;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.TranscoderConfig;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeFormat;
import mechinterp.sae.file.SaeFormats;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Graphs of a tiny GPT-2 with random transcoders; what a browser makes of them people look at. */
class CircuitGraphTest {
  @TempDir private Path folder;
  private Path model = Path.of("");
  private Path transcoders = Path.of("");
  private Path file = Path.of("");

  @BeforeEach
  void writeFiles() throws IOException {
    model = Files.createDirectory(folder.resolve("tiny"));
    TinyGpt2.write(model);
    transcoders = Files.createDirectory(folder.resolve("transcoders"));
    file = folder.resolve("graph.json");
    for (int layer = 0; layer < 2; layer++) {
      write(
          transcoders.resolve("layer-" + layer),
          layer,
          SaeMetadata.of("tiny", "blocks.%d.ln2.hook_normalized".formatted(layer))
              .with("hook_name_out", "blocks.%d.hook_mlp_out".formatted(layer)));
    }
  }

  private static void write(Path place, int layer, SaeMetadata metadata) throws IOException {
    try (Device device = CpuDevice.scalar()) {
      Sae random = Sae.allocate(device, TranscoderConfig.of(8, 8, 20, 3));
      random
          .parameters()
          .forEach(each -> {
            float[] values = new float[(int) each.value().size()];
            RandomStream.of(layer, each.name()).fillGaussian(values, 0, 1);
            device.upload(each.value(), values, 0);
          });
      random.weightsChanged();
      SaeFiles.save(random, place, metadata);
    }
  }

  private Execution graph(String... more) {
    String[] arguments = {
      "circuit",
      "graph",
      "--model",
      model.toString(),
      "--transcoders",
      transcoders.toString(),
      "--out",
      file.toString()
    };
    return Execution.of(Samples.concat(arguments, more));
  }

  private Execution intervene(String... more) {
    String[] arguments = {
      "circuit",
      "intervene",
      "--model",
      model.toString(),
      "--transcoders",
      transcoders.toString(),
      "--graph",
      file.toString()
    };
    return Execution.of(Samples.concat(arguments, more));
  }

  @Test
  void aGraphIsWrittenAndTested() throws IOException {
    JsonNode printed = graph("--prompt", "the cat sat", "--json").assertDone().json();
    JsonNode written = Json.tree(file);

    assertEquals(printed.at("/nodes").intValue(), written.at("/nodes").size());
    assertEquals(printed.at("/edges").intValue(), written.at("/links").size());
    assertTrue(printed.at("/identity_error").doubleValue() < 1e-4);
    assertTrue(printed.at("/logit_difference").doubleValue() < 1e-4);
    assertEquals("graph", written.at("/metadata/slug").stringValue());
    assertEquals(
        printed.at("/replacement_score"),
        written.at("/metadata/generation_settings/replacement_score"));

    Path tested = folder.resolve("tested.json");
    JsonNode result = intervene("--out", tested.toString(), "--json").assertDone().json();
    assertEquals(result, Json.tree(tested));
    assertEquals("direct", result.at("/freedoms/0/freedom").stringValue());
    assertEquals(1, result.at("/freedoms/0/latents").doubleValue(), 1e-4);
    assertEquals(1, result.at("/freedoms/0/logits").doubleValue(), 1e-4);
    assertFalse(result.at("/groups").isEmpty());
  }

  @Test
  void aCrossLayerTranscoderIsTraced() throws IOException {
    Path folderOfAll = folder.resolve("clt");
    try (Device device = CpuDevice.scalar()) {
      CrossLayerTranscoder all =
          CrossLayerTranscoder.allocate(device, new CrossLayerSizes(2, 8, 20, false));
      for (int layer = 0; layer < 2; layer++) {
        fill(device, all.layer(layer).weights().wEnc(), "W_enc");
        fill(device, all.layer(layer).weights().wDec(), "W_dec");
      }
      all.weightsChanged();
      CrossLayerTranscoderFiles.save(
          all, folderOfAll, new SaeMetadata(Map.of()).with("feature_input_hook", "hook_resid_mid"));
    }
    transcoders = folderOfAll;
    JsonNode printed = graph("--prompt", "the cat sat", "--json").assertDone().json();
    assertTrue(printed.at("/identity_error").doubleValue() < 1e-4);
    assertTrue(printed.at("/latent_nodes").intValue() > 0);
    JsonNode result = intervene("--json").assertDone().json();
    assertEquals(1, result.at("/freedoms/0/latents").doubleValue(), 1e-4);
  }

  @Test
  void aCrossLayerTranscoderIsTrainedTracedAndItsLatentsShown() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.write(text, Collections.nCopies(40, "the cat sat on the mat and the other hat"));
    transcoders = folder.resolve("trained");
    String[] train = {
      "train",
      "--model",
      model.toString(),
      "--text",
      text.toString(),
      "--kind",
      "cross-layer-transcoder",
      "--d-sae",
      "40",
      "--k",
      "6",
      "--tokens",
      "640",
      "--batch",
      "64",
      "--out",
      transcoders.toString(),
      "--hook"
    };
    String[] inputs = {
      "blocks.0.ln2.hook_normalized", "--hook", "blocks.1.ln2.hook_normalized", "--hook"
    };
    String[] outputs = {"blocks.0.hook_mlp_out", "--hook", "blocks.1.hook_mlp_out"};
    Execution.of(
            Samples.concat(
                Samples.concat(train, outputs), Samples.concat(new String[] {"--hook"}, inputs[0])))
        .assertRefusedAtTheEnd("which is not of 3 hook points");
    Execution.of(
            Samples.concat(
                Samples.concat(train, "blocks.0.ln2.hook_normalized", "--hook"),
                "blocks.0.hook_mlp_out",
                "--hook",
                "blocks.1.ln2.hook_normalized",
                "--hook",
                "blocks.1.hook_mlp_out"))
        .assertRefusedAtTheEnd("hook point 2 is blocks.0.hook_mlp_out, expected blocks.1.ln2");
    assertFalse(Files.exists(transcoders));
    Execution.of(Samples.concat(Samples.concat(train, inputs), outputs)).assertDone();

    Path page = folder.resolve("page");
    JsonNode printed =
        graph(
                "--prompt",
                "the cat",
                "--page",
                page.toString(),
                "--contexts",
                text.toString(),
                "--json")
            .assertDone()
            .json();
    assertTrue(printed.at("/latent_nodes").intValue() > 0);
    assertTrue(printed.at("/identity_error").doubleValue() < 1e-4);
    assertTrue(Files.readString(page.resolve("data.js")).contains("\"strongest\""));
    Execution.of("sae", "info", transcoders.toString()).assertDone();
    isMeasured(text);
  }

  /** Latents count on from layer to layer, and outputs stand side by side. */
  private void isEncoded() throws IOException {
    Path inputs = folder.resolve("inputs.safetensors");
    float[] x = new float[30 * 16];
    RandomStream.of(9, "x").fillGaussian(x, 0, 1);
    new SafetensorsWriter().floats("activations", x, 30, 16).write(inputs);
    Path codes = folder.resolve("codes.safetensors");
    Execution.of(
            "sae",
            "encode",
            "--sae",
            transcoders.toString(),
            "--activations",
            inputs.toString(),
            "--out",
            codes.toString())
        .assertDone();
    try (Device device = CpuDevice.scalar();
        SafetensorsFile written = SafetensorsFile.open(codes)) {
      CrossLayerTranscoder transcoder =
          CrossLayerTranscoderFiles.load(transcoders, device).transcoder();
      FloatMatrix rows = device.matrix(30, 16, x);
      int active = 0;
      List<SparseCodes> own = new ArrayList<>();
      for (int layer = 0; layer < 2; layer++) {
        own.add(transcoder.newCodes(30));
        transcoder.encode(layer, own.get(layer), rows.columnRange(8 * layer, 8 * layer + 8));
        active += Arrays.stream(device.toHost(own.get(layer).counts())).sum();
      }
      assertEquals(active, written.ints("indices").length);
      assertTrue(Arrays.stream(written.ints("indices")).anyMatch(latent -> latent >= 20));
      FloatMatrix second = device.floats(30, 8);
      transcoder.decode(1, second, own);
      float[] expected = device.toHost(second);
      float[] made = written.floats("reconstruction");
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], made[i / 8 * 16 + 8 + i % 8], 1e-5);
      }
    }
  }

  private void isMeasured(Path text) throws IOException {
    Path store = folder.resolve("store");
    String[] harvest = {
      "harvest",
      "--model",
      model.toString(),
      "--text",
      text.toString(),
      "--out",
      store.toString(),
      "--tokens",
      "200"
    };
    for (String site : List.of("ln2.hook_normalized", "hook_mlp_out", "hook_resid_post")) {
      for (int layer = 0; layer < 2; layer++) {
        harvest = Samples.concat(harvest, "--hook", "blocks.%d.%s".formatted(layer, site));
      }
    }
    Execution.of(harvest).assertDone();
    String[] eval = {"eval", "--sae", transcoders.toString(), "--store", store.toString()};
    JsonNode measured =
        Execution.of(Samples.concat(eval, "--model", model.toString(), "--json"))
            .assertDone()
            .json();
    assertEquals("blocks.1.hook_mlp_out", measured.at("/hook_points/1/hook").stringValue());
    double fvu = measured.at("/fvu").doubleValue();
    double first = measured.at("/hook_points/0/fvu").doubleValue();
    double second = measured.at("/hook_points/1/fvu").doubleValue();
    assertTrue(Math.min(first, second) <= fvu && fvu <= Math.max(first, second));
    assertTrue(measured.at("/spliced/predictions").intValue() > 1000);
    assertTrue(measured.at("/spliced/reconstruction/kl_divergence").doubleValue() >= 0);
    isEncoded();
    String printed = Execution.of(Samples.concat(eval, "--selector")).err();
    assertTrue(printed.contains("is cross_layer_transcoder, which no selector serves"), printed);
    Execution.of(Samples.concat(eval, "--hook", "blocks.0.hook_mlp_out"))
        .assertRefused("is 8 wide, the autoencoder's 2 layers d_model is 32");
    Execution.of(Samples.concat(eval, "--model", "tiny-lm"))
        .assertRefusedAtTheEnd("store is of \"");
  }

  @Test
  void aSetOfCircuitTracerIsTraced() throws IOException {
    Path set = Files.createDirectory(folder.resolve("set"));
    for (int layer = 0; layer < 2; layer++) {
      Path one = folder.resolve("one-" + layer);
      try (Device device = CpuDevice.scalar()) {
        Sae sae = Sae.allocate(device, new JumpReluTranscoderConfig(8, 8, 20, false));
        fill(device, sae.weights().wEnc(), "W_enc");
        fill(device, sae.weights().wDec(), "W_dec");
        sae.weightsChanged();
        SaeMetadata metadata =
            SaeMetadata.of("tiny", "blocks.%d.hook_mlp_in".formatted(layer))
                .with("hook_name_out", "blocks.%d.hook_mlp_out".formatted(layer));
        SaeFormats.save(sae, one, SaeFormat.CIRCUIT_TRACER, metadata);
      }
      for (String name : List.of("layer_%d.safetensors".formatted(layer), "config.yaml")) {
        Files.copy(one.resolve(name), set.resolve(name), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    transcoders = set;
    JsonNode printed = graph("--prompt", "the cat sat", "--json").assertDone().json();
    assertTrue(printed.at("/identity_error").doubleValue() < 1e-4);
    assertTrue(printed.at("/latent_nodes").intValue() > 0);
  }

  private static void fill(Device device, FloatMatrix matrix, String name) {
    float[] values = new float[(int) matrix.size()];
    RandomStream.of(3, name).fillGaussian(values, 0, 1);
    device.upload(matrix, values, 0);
  }

  @Test
  void supernodesOfTheFileAndNodesAreScaled() throws IOException {
    graph("--ids", "5,7,9", "--max-nodes", "5", "--row-memory", "0").assertDone();
    String content = Files.readString(file);
    String latent =
        Json.tree(file)
            .at("/nodes")
            .valueStream()
            .filter(node -> node.at("/feature_type").stringValue().startsWith("cross"))
            .findFirst()
            .orElseThrow()
            .at("/node_id")
            .stringValue();
    String groups = "\"supernodes\": [[\"mine\", \"" + latent + "\"]]";
    Files.writeString(file, content.replaceFirst("\"supernodes\": \\[\\s*]", groups));

    JsonNode group = intervene("--group", "mine", "--scale", "2", "--json").assertDone().json();
    JsonNode nodes = intervene("--nodes", latent, "--scale", "2", "--json").assertDone().json();

    assertEquals("mine", group.at("/groups/0/name").stringValue());
    assertEquals(nodes.at("/freedoms"), group.at("/freedoms"));
    intervene("--group", "other")
        .assertRefusedAtTheEnd("--group: other is not there; the graph has [mine]");
    intervene("--nodes", "1_999_0").assertRefusedAtTheEnd("1_999_0 is no latent of the graph");
  }

  @Test
  void thePageNeedsNothingFromElsewhere() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.write(
        text,
        Stream.generate(() -> List.of("the cat sat on </script> the mat", "and the other hat"))
            .limit(10)
            .flatMap(List::stream)
            .toList());
    Path page = folder.resolve("page");
    graph("--prompt", "the cat", "--page", page.toString(), "--contexts", text.toString())
        .assertDone();

    for (String name : List.of("index.html", "graph.js", "graph.css")) {
      String content = Files.readString(page.resolve(name));
      assertFalse(content.contains("http:") || content.contains("https:"), name);
      assertFalse(content.contains("fetch(") || content.contains("import("), name);
    }
    String data = Files.readString(page.resolve("data.js"));
    assertTrue(data.startsWith("graph.data({") && data.endsWith("});\n"), data);
    assertTrue(data.contains("\"strongest\""), data);
  }

  @Test
  void badInputIsOneLine() throws IOException {
    graph("--prompt", "a", "--node-threshold", "0").assertRefusedAtTheEnd("node_threshold: is 0.0");
    graph("--prompt", "a", "--max-nodes", "0").assertRefusedAtTheEnd("max_nodes: is 0");
    graph("--ids", "5,999999").assertRefusedAtTheEnd("--ids: id 999999 is not there");
    graph().assertRefused("--prompt");
    Path nameless = folder.resolve("nameless");
    write(nameless, 0, SaeMetadata.of("tiny", "blocks.0.ln2.hook_normalized"));
    graph("--prompt", "a", "--transcoders", nameless.toString())
        .assertRefusedAtTheEnd("nameless: its files do not say");
    Path other = folder.resolve("other");
    write(
        other,
        0,
        SaeMetadata.of("tiny", "blocks.0.hook_resid_post")
            .with("hook_name_out", "blocks.0.hook_mlp_out"));
    graph("--prompt", "a", "--transcoders", other.toString())
        .assertRefusedAtTheEnd("encodes blocks.0.hook_resid_post, which is not what goes into");
    Path foreign = folder.resolve("foreign");
    write(
        foreign,
        0,
        SaeMetadata.of("tiny", "blocks.0.hook_mlp_in").with("model_identity", "another"));
    graph("--prompt", "a", "--transcoders", foreign.toString())
        .assertRefusedAtTheEnd("the autoencoder was trained on \"another\"");
    assertFalse(Files.exists(file));
    graph("--prompt", "the cat").assertDone();
    Files.writeString(
        file, Files.readString(file).replace("\"schema_version\": 1", "\"schema_version\": 3"));
    intervene().assertRefusedAtTheEnd("metadata.schema_version is 3; expected 1");
  }
}
