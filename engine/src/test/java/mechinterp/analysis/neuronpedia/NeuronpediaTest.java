package mechinterp.analysis.neuronpedia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Bin;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Example;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Explanation;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Histogram;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.Similar;
import mechinterp.analysis.neuronpedia.NeuronpediaLatent.TokenValue;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Against files that Neuronpedia's own converter made: golden/python/neuronpedia_golden.py. */
class NeuronpediaTest {
  private static final NeuronpediaSource SOURCE =
      new NeuronpediaSource(
          "tiny",
          2,
          "res-own",
          "blocks.2.hook_resid_post",
          "text",
          12,
          31,
          Instant.parse("2026-11-01T10:00:00Z"));

  @TempDir private Path folder;

  private static Path golden(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(NeuronpediaTest.class.getResource("/golden/neuronpedia/" + name))
              .toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static List<NeuronpediaLatent> read(Path source) throws IOException {
    List<NeuronpediaLatent> latents = new ArrayList<>();
    NeuronpediaFolder.open(source).forEach(latents::add);
    return latents;
  }

  /** What the golden files have of latent 3. */
  private static NeuronpediaLatent latentThree() {
    return new NeuronpediaLatent(
        3,
        0.025,
        6,
        List.of(new TokenValue(" cat", 5), new TokenValue(" été", 2)),
        List.of(new TokenValue(" hat", -3), new TokenValue("\n", -1.25)),
        new Histogram(List.of(0.5, 1.5, 2.5), List.of(7.0, 3.0, 1.0)),
        new Histogram(List.of(-1.0, 0.0, 1.0), List.of(2.0, 5.0, 1.0)),
        List.of(),
        List.of(
            new Example(
                List.of("the", " cat", " sat", "\n"),
                List.of(0.0, 6.0, 0.5, 0.0),
                Bin.strongest(3),
                1),
            new Example(
                List.of(" été", "<b>", " cat"), List.of(0.0, 0.0, 1.0), new Bin(0, 1.5, 0.75), 2)),
        List.of());
  }

  @Test
  void whatTheConverterMadeIsRead() throws IOException {
    Path source = golden("export/tiny/2-res-golden");
    List<NeuronpediaLatent> latents = read(source);
    assertEquals(List.of(0, 3), latents.stream().map(NeuronpediaLatent::index).toList());
    assertEquals(latentThree(), latents.getLast());
    assertTrue(latents.getLast().examples().getFirst().bin().isStrongest());
    assertFalse(latents.getLast().examples().getLast().bin().isStrongest());
    assertEquals(
        new NeuronpediaFolder.Summary("tiny", "2-res-golden", 4),
        NeuronpediaFolder.open(source).summary());
  }

  @Test
  void whatSaeDashboardMadeIsTheSame() throws IOException {
    Path source = golden("saedashboard");
    assertEquals(read(golden("export/tiny/2-res-golden")), read(source));
    assertEquals(
        new NeuronpediaFolder.Summary("tiny", "2-res-golden", 4),
        NeuronpediaFolder.open(source).summary());
  }

  private static NeuronpediaLatent own(int index) {
    NeuronpediaLatent three = latentThree();
    return new NeuronpediaLatent(
        index,
        0.5 / (index + 1),
        three.max(),
        three.promoted(),
        index % 2 == 0 ? List.of() : three.suppressed(),
        three.histogram(),
        new Histogram(List.of(), List.of()),
        List.of(new Similar(index + 1, 0.25)),
        index == 7 ? List.of() : three.examples(),
        index == 1 ? List.of(new Explanation("cats \"& <hats>\"", "judge")) : List.of());
  }

  private Path write(List<NeuronpediaLatent> latents) throws IOException {
    return NeuronpediaWriter.write(
        folder,
        SOURCE,
        target -> {
          for (NeuronpediaLatent latent : latents) {
            target.take(latent);
          }
        });
  }

  @Test
  void whatIsWrittenIsReadAgainAlsoOverBatches() throws IOException {
    List<NeuronpediaLatent> latents =
        IntStream.range(0, 1030).mapToObj(NeuronpediaTest::own).toList();
    Path source = write(latents);
    assertEquals(folder.resolve("tiny/2-res-own"), source);
    assertTrue(Files.exists(source.resolve("activations/batch-1.jsonl.gz")));
    assertFalse(Files.exists(source.resolve("explanations/batch-1.jsonl.gz")));
    assertEquals(latents, read(source));
    assertThrows(IOException.class, () -> write(latents));
  }

  @Test
  void theFieldsAreThoseOfTheConverterAndOfTheirTypes() throws IOException {
    Path source = write(List.of(own(0), own(1)));
    for (String file :
        List.of(
            "features/batch-0.jsonl.gz",
            "activations/batch-0.jsonl.gz",
            "release.jsonl",
            "model.jsonl",
            "sourceset.jsonl",
            "source.jsonl")) {
      JsonNode expected = firstLine(golden("export/tiny/2-res-golden").resolve(file));
      JsonNode found = firstLine(source.resolve(file));
      found.forEachEntry((field, value) -> {
        assertTrue(expected.has(field), file + ": " + field + " of " + fields(expected));
        JsonNode other = expected.get(field);
        boolean index = field.equals("index");
        assertTrue(
            other.isNull() || index || value.getNodeType() == other.getNodeType(),
            file + ": " + field + " is " + value + ", expected the like of " + other);
      });
    }
  }

  private static Set<String> fields(JsonNode node) {
    return new TreeSet<>(node.propertyNames());
  }

  private static JsonNode firstLine(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    if (file.toString().endsWith(".gz")) {
      content = new GZIPInputStream(new ByteArrayInputStream(content)).readAllBytes();
    }
    String line = new String(content, StandardCharsets.UTF_8).lines().findFirst().orElseThrow();
    return Json.read(file.toString(), line.getBytes(StandardCharsets.UTF_8), JsonNode.class);
  }

  private static byte[] packed(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private String refusal(String kind, byte[] content) throws IOException {
    Path file = folder.resolve("tiny/2-res-own").resolve(kind).resolve("batch-0.jsonl.gz");
    byte[] before = Files.readAllBytes(file);
    Files.write(file, content);
    FormatException refused =
        assertThrows(FormatException.class, () -> read(folder.resolve("tiny/2-res-own")));
    Files.write(file, before);
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.startsWith(file.toString()), message);
    return message.substring(file.toString().length());
  }

  @Test
  void filesOfAnotherVersionAreRefusedByTheField() throws IOException {
    Path source = write(List.of(own(0), own(1)));
    String features =
        new String(
            new GZIPInputStream(Files.newInputStream(source.resolve("features/batch-0.jsonl.gz")))
                .readAllBytes(),
            StandardCharsets.UTF_8);
    assertEquals(
        " line 2: field pos_str: is missing; is the file of another version?",
        refusal("features", packed(secondLine(features, "\"pos_str\"", "\"positive\""))));
    assertEquals(
        " line 2: field frac_nonzero: is no number; is the file of another version?",
        refusal(
            "features",
            packed(secondLine(features, "\"frac_nonzero\":0.25", "\"frac_nonzero\":[]"))));
    assertEquals(
        " line 2: field pos_str: has 2, pos_values has 1; is the file of another version?",
        refusal(
            "features",
            packed(secondLine(features, "\"pos_values\":[5.0,2.0]", "\"pos_values\":[5.0]"))));
    assertTrue(
        refusal("features", packed(features + features)).contains("latent 0 is there twice"));
    assertTrue(refusal("features", packed("{]")).contains("line 1: line 1, column 2"));
    assertTrue(
        refusal("activations", packed("{\"index\": \"-1\"}"))
            .contains("field index: is no number from 0 on"));
    byte[] whole = packed(features);
    assertEquals(
        ": is no whole gzip file; it must be one",
        refusal("features", Arrays.copyOf(whole, whole.length / 2)));
    FormatException none =
        assertThrows(FormatException.class, () -> NeuronpediaFolder.open(folder));
    assertTrue(
        String.valueOf(none.getMessage()).endsWith("name the folder of a source"),
        none.getMessage());
  }

  private static String secondLine(String lines, String from, String to) {
    int second = lines.indexOf('\n') + 1;
    String changed = lines.substring(0, second) + lines.substring(second).replace(from, to);
    assertFalse(changed.equals(lines), from);
    return changed;
  }

  @Test
  void namesMustBeFolders() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> new NeuronpediaSource("a/b", 0, "s", "h", "t", 1, 1, Instant.EPOCH));
    assertTrue(
        String.valueOf(refused.getMessage()).startsWith("model: is \"a/b\""), refused.getMessage());
  }
}
