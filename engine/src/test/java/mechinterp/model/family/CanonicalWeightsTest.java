package mechinterp.model.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import mechinterp.model.AttentionConfig;
import mechinterp.model.BlockRecipe;
import mechinterp.model.EmbeddingConfig;
import mechinterp.model.LayerAttention;
import mechinterp.model.MlpConfig;
import mechinterp.model.NormConfig;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import org.junit.jupiter.api.Test;

/** One block of d_model 3, two heads of 4 columns, d_mlp 2 and 5 tokens, without biases. */
class CanonicalWeightsTest {
  private static final TransformerConfig CONFIG =
      new TransformerConfig(
          "tiny",
          3,
          BlockRecipe.SEQUENTIAL,
          new NormConfig(Norm.RMS, 1e-6f),
          EmbeddingConfig.tokens(5, 8),
          AttentionConfig.grouped(2, 2, 4),
          List.of(LayerAttention.plain()),
          new MlpConfig(2, ActivationFunction.SILU, true, false),
          Optional.of(UnembedConfig.plain(true)));

  private static NameTable.Builder table() {
    return TorchNames.gatedDecoder(true, "model.")
        .norm("ln1", "norm1")
        .normLessOne("ln2", "norm2")
        .norm("ln_final", "norm");
  }

  private static MapWeights file() {
    return new MapWeights()
        .put("model.embed_tokens.weight", 0, 5, 3)
        .put("model.layers.0.norm1.weight", 0, 3)
        .put("model.layers.0.norm2.weight", 0, 3)
        .put("model.layers.0.self_attn.q_proj.weight", 0, 8, 3)
        .put("model.layers.0.self_attn.k_proj.weight", 0, 8, 3)
        .put("model.layers.0.self_attn.v_proj.weight", 0, 8, 3)
        .put("model.layers.0.self_attn.o_proj.weight", 0, 3, 8)
        .put("model.layers.0.mlp.gate_proj.weight", 0, 2, 3)
        .put("model.layers.0.mlp.up_proj.weight", 100, 2, 3)
        .put("model.layers.0.mlp.down_proj.weight", 0, 3, 2)
        .put("model.norm.weight", 0, 3);
  }

  private static float[] read(MapWeights file, NameTable.Builder names, String weight)
      throws IOException {
    return CanonicalWeights.of(file, names.build(), CONFIG).floats(weight);
  }

  private static String refusal(MapWeights file) {
    return String.valueOf(
        assertThrows(
                FormatException.class, () -> CanonicalWeights.of(file, table().build(), CONFIG))
            .getMessage());
  }

  @Test
  void turnsTorchsMatricesAround() throws IOException {
    assertArrayEquals(
        new float[] {100, 103, 101, 104, 102, 105}, read(file(), table(), "blocks.0.mlp.W_in"));
    assertArrayEquals(new float[] {0, 2, 4, 1, 3, 5}, read(file(), table(), "blocks.0.mlp.W_out"));
  }

  @Test
  void leavesEmbeddingsAndNormsAsTheyAre() throws IOException {
    assertEquals(14, read(file(), table(), "embed.W_E")[14]);
    assertArrayEquals(new float[] {0, 1, 2}, read(file(), table(), "blocks.0.ln1.w"));
  }

  @Test
  void addsTheOneThatGemmasNormsLeaveOut() throws IOException {
    assertArrayEquals(new float[] {1, 2, 3}, read(file(), table(), "blocks.0.ln2.w"));
  }

  @Test
  void namesAndShapesAreTheCanonicalOnes() throws IOException {
    CanonicalWeights weights = CanonicalWeights.of(file(), table().build(), CONFIG);
    assertEquals(List.of(3, 8), weights.shape("blocks.0.attn.W_Q"));
    assertTrue(weights.contains("blocks.0.attn.W_O"));
    assertEquals(11, weights.names().size());
    assertEquals("tiny.safetensors", weights.source());
    assertThrows(FormatException.class, () -> weights.shape("blocks.1.attn.W_O"));
  }

  @Test
  void takesPartsThatLieSideBySide() throws IOException {
    MapWeights joined = file().put("model.layers.0.c_attn.weight", 0, 3, 24);
    NameTable.Builder names =
        table().linear("attn.K", "c_attn", false, new Outputs.Part(1, 3, 8)).harmless(".*");
    float[] keys = read(joined, names, "blocks.0.attn.W_K");
    for (int in = 0; in < 3; in++) {
      for (int out = 0; out < 8; out++) {
        assertEquals(in * 24 + 8 + out, keys[in * 8 + out]);
      }
    }
  }

  @Test
  void takesPartsThatTakeTurnsHeadByHead() throws IOException {
    MapWeights joined = file().put("model.layers.0.query_key_value.weight", 0, 24, 3);
    NameTable.Builder names =
        table()
            .linear("attn.V", "query_key_value", true, new Outputs.HeadByHead(2, 3, 4))
            .harmless(".*");
    float[] values = read(joined, names, "blocks.0.attn.W_V");
    for (int head = 0; head < 2; head++) {
      for (int column = 0; column < 4; column++) {
        int row = head * 12 + 8 + column;
        assertEquals(row * 3 + 1, values[8 + head * 4 + column], "input 1");
      }
    }
  }

  /** llama.cpp's permute: row h, s, i of [heads, 2, half] goes to h, i, s. */
  @Test
  void undoesThePermutationOfGguf() throws IOException {
    NameTable.Builder names =
        table().linear("attn.Q", "self_attn.q_proj", true, new Outputs.PairsSideBySide(4));
    float[] queries = read(file(), names, "blocks.0.attn.W_Q");
    int[] rows = {0, 2, 1, 3, 4, 6, 5, 7};
    for (int out = 0; out < 8; out++) {
      assertEquals(rows[out] * 3, queries[out], "column " + out);
    }
  }

  @Test
  void readsMatricesLargerThanAPiece() throws IOException {
    int out = 301;
    MapWeights big = new MapWeights().put("w", 0, 2 * out, 3000);
    FileWeight place = new FileWeight("w", true, new Outputs.Part(1, 2, out), 0);
    float[] values = new WeightReader(big, place).read(List.of(3000, out));
    for (int i = 0; i < 3000; i += 7) {
      for (int o = 0; o < out; o++) {
        assertEquals((float) ((out + o) * 3000 + i), values[i * out + o]);
      }
    }
  }

  @Test
  void allowsWhatIsKnownToBeOfNoUse() throws IOException {
    MapWeights file =
        file()
            .put("lm_head.weight", 0, 5, 3)
            .put("model.layers.0.self_attn.rotary_emb.inv_freq", 0, 2);
    assertEquals(14, read(file, table(), "embed.W_E")[14]);
  }

  @Test
  void namesAMissingTensor() {
    assertEquals(
        "tiny.safetensors: has no tensor \"layers.0.mlp.up_proj.weight\"; the config asks for it",
        refusal(file().remove("model.layers.0.mlp.up_proj.weight")));
  }

  @Test
  void namesATensorThatTheModelHasNot() {
    assertEquals(
        "tiny.safetensors: has 2 tensors that the config does not ask for:"
            + " \"model.layers.1.norm1.weight\" and others",
        refusal(
            file()
                .put("model.layers.1.norm1.weight", 0, 3)
                .put("model.layers.1.norm2.weight", 0, 3)));
  }

  @Test
  void namesATensorOfAnotherShape() {
    assertEquals(
        "tiny.safetensors: tensor \"model.layers.0.self_attn.k_proj.weight\" is [4, 3];"
            + " the config makes it [8, 3]",
        refusal(file().put("model.layers.0.self_attn.k_proj.weight", 0, 4, 3)));
  }

  @Test
  void refusesTheSameWeightTwice() {
    assertEquals(
        "tiny.safetensors: tensors \"model.norm.weight\" and \"norm.weight\" are the same weight;"
            + " there must be one",
        refusal(file().put("norm.weight", 0, 3)));
  }
}
