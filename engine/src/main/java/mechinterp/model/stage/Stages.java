package mechinterp.model.stage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Kernels;
import mechinterp.model.AttentionConfig;
import mechinterp.model.BlockRecipe;
import mechinterp.model.HookPoint;
import mechinterp.model.LayerAttention;
import mechinterp.model.MlpConfig;
import mechinterp.model.RotaryConfig;
import mechinterp.model.Stage;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightLoader;
import mechinterp.model.WeightNames;
import mechinterp.nn.Attention;
import mechinterp.nn.Embedding;
import mechinterp.nn.Linear;
import mechinterp.nn.Mlp;
import mechinterp.nn.Rotary;
import mechinterp.nn.RowNorm;

/** Makes the stages of a transformer of its config and its weights. */
public final class Stages {
  private final TransformerConfig config;
  private final WeightLoader weights;
  private final Device device;
  private final Kernels kernels;
  private final Map<RotaryConfig, Rotary> rotaries = new HashMap<>();

  private Stages(TransformerConfig config, WeightLoader weights) {
    this.config = config;
    this.weights = weights;
    this.device = weights.device();
    this.kernels = device.kernels();
  }

  /**
   * Returns the embedding, the blocks, and the final norm where there is one.
   *
   * @param tokens the embedding of tokens
   * @throws mechinterp.io.FormatException when a weight is missing or has another shape
   */
  public static List<Stage> of(TransformerConfig config, Embedding tokens, WeightLoader weights)
      throws IOException {
    Stages stages = new Stages(config, weights);
    List<Stage> all = new ArrayList<>();
    all.add(stages.embedding(tokens));
    for (int layer = 0; layer < config.nLayers(); layer++) {
      all.add(stages.block(layer));
    }
    if (config.recipe() != BlockRecipe.POST_NORM) {
      all.add(new FinalNorm(stages.kernels, weights.norm(WeightNames.LN_FINAL)));
    }
    return all;
  }

  private Stage embedding(Embedding tokens) throws IOException {
    return new EmbeddingStage(
        kernels,
        new EmbeddingStage.Parts(
            tokens,
            config.embedding().scale(),
            weights.optional(WeightNames.W_POS).map(table -> Embedding.of(device, table)),
            weights.optional(WeightNames.W_TOKEN_TYPE),
            config.recipe() == BlockRecipe.POST_NORM
                ? Optional.of(weights.norm(WeightNames.LN_EMBED))
                : Optional.empty()));
  }

  private Stage block(int layer) throws IOException {
    return switch (config.recipe()) {
      case SEQUENTIAL, SANDWICH -> preNormBlock(layer, false);
      case PARALLEL -> preNormBlock(layer, true);
      case POST_NORM -> postNormBlock(layer);
    };
  }

  private Stage preNormBlock(int layer, boolean parallel) throws IOException {
    RowNorm ln1 = weights.norm(WeightNames.inBlock(layer, "ln1"));
    Branch attention =
        new Branch(
            device,
            Optional.empty(),
            HookedNorm.ofRows(ln1, "ln1", Place.block(layer)),
            attention(layer, Optional.of(ln1)),
            postNorm(layer, "ln1_post"),
            HookPoint.attnOut(layer),
            config.dModel());
    Branch mlp =
        new Branch(
            device,
            Optional.of(HookPoint.mlpIn(layer)),
            norm(layer, "ln2"),
            mlp(layer),
            postNorm(layer, "ln2_post"),
            HookPoint.mlpOut(layer),
            config.dModel());
    return new PreNormBlock(kernels, layer, config.dModel(), parallel, attention, mlp);
  }

  private Optional<HookedNorm> postNorm(int layer, String name) throws IOException {
    return config.recipe() == BlockRecipe.SANDWICH
        ? Optional.of(norm(layer, name))
        : Optional.empty();
  }

  private Stage postNormBlock(int layer) throws IOException {
    return new PostNormBlock(
        kernels,
        layer,
        config.dModel(),
        attention(layer, Optional.empty()),
        norm(layer, "ln1"),
        mlp(layer),
        norm(layer, "ln2"));
  }

  private HookedNorm norm(int layer, String name) throws IOException {
    return HookedNorm.ofRows(
        weights.norm(WeightNames.inBlock(layer, name)), name, Place.block(layer));
  }

  private HookedAttention attention(int layer, Optional<RowNorm> before) throws IOException {
    String name = WeightNames.inBlock(layer, "attn.");
    Place place = Place.block(layer);
    LayerAttention particular = config.layers().get(layer);
    int heads = config.attention().heads();
    Optional<Rotary> rotary = particular.rotary().map(this::rotary);
    Attention between = new Attention(device, form(particular));
    Linear query = weights.linear(name, "Q");
    return new HookedAttention(
        kernels,
        layer,
        new HookedHeads(
            "q",
            heads,
            query,
            before.map(norm -> inputs("q", norm, query, heads, place)),
            weights.headNorm(name + "q_norm"),
            rotary,
            place),
        keys(name, before, rotary, place),
        values(name, before, place),
        new HookedPattern(device, between, heads, place),
        new HookedOutput(device, weights.linear(name, "O"), heads, place));
  }

  private HookedInputs inputs(String letter, RowNorm norm, Linear linear, int heads, Place place) {
    return new HookedInputs(
        device,
        norm,
        linear,
        heads,
        place.of("hook_" + letter + "_input"),
        place.of("ln1.hook_scale"));
  }

  private HookedHeads keys(
      String name, Optional<RowNorm> before, Optional<Rotary> rotary, Place place)
      throws IOException {
    Linear linear = weights.linear(name, "K");
    int heads = config.attention().keyValueHeads();
    return new HookedHeads(
        "k",
        heads,
        linear,
        before.map(norm -> inputs("k", norm, linear, heads, place)),
        weights.headNorm(name + "k_norm"),
        rotary,
        place);
  }

  private HookedHeads values(String name, Optional<RowNorm> before, Place place)
      throws IOException {
    Linear linear = weights.linear(name, "V");
    int heads = config.attention().keyValueHeads();
    return new HookedHeads(
        "v",
        heads,
        linear,
        before.map(norm -> inputs("v", norm, linear, heads, place)),
        Optional.empty(),
        Optional.empty(),
        place);
  }

  private AttentionForm form(LayerAttention layer) {
    AttentionConfig attention = config.attention();
    return new AttentionForm(
        attention.heads(),
        attention.keyValueHeads(),
        attention.scale(),
        attention.causal(),
        layer.window(),
        attention.softCap());
  }

  private Rotary rotary(RotaryConfig rotary) {
    return rotaries.computeIfAbsent(
        rotary, r -> new Rotary(device, r.frequencies(), config.nCtx()));
  }

  private HookedMlp mlp(int layer) throws IOException {
    String name = WeightNames.inBlock(layer, "mlp.");
    MlpConfig mlp = config.mlp();
    Linear in = weights.linear(name, "in");
    Linear out = weights.linear(name, "out");
    return new HookedMlp(
        mlp.gated()
            ? Mlp.gated(device, weights.linear(name, "gate"), in, out, mlp.activation())
            : Mlp.plain(device, in, out, mlp.activation()),
        Place.block(layer));
  }
}
